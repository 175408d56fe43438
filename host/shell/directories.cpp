#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "host/shell/unwrap.h"

/// The directories that a text changes to.
namespace tenon::shell {
namespace {

constexpr std::size_t kMostDirectories = 64;

/// The index of the command in the text that contains the part.
std::size_t outermost_part(const ParseState& state, std::size_t index) {
    while (state.parts[index].parent != Part::kNone)
        index = state.parts[index].parent;
    return index;
}

/// The directory that cd, pushd or env -C changes to.
std::optional<Word> directory_of(const std::vector<Word>& words) {
    if (words.empty()) return std::nullopt;
    const std::string_view name = command_name(words[0]);
    const bool env = name == "env";
    if (name != "cd" && name != "pushd" && name != "chdir" && !env) return std::nullopt;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const std::string& text = words[i].decoded;
        const bool option = text.size() > 1 && text[0] == '-';
        if (!env && !option) return words[i];
        if (!env) continue;
        const bool next = text == "-C" || (text.size() > 3 && text.rfind("--c", 0) == 0 &&
                                           text.find('=') == std::string::npos);
        if (next && i + 1 < words.size()) return words[i + 1];
        Word word;
        if (text.rfind("-C", 0) == 0) word.decoded = text.substr(2);
        if (text.rfind("--c", 0) == 0 && text.find('=') != std::string::npos)
            word.decoded = text.substr(text.find('=') + 1);
        if (!word.decoded.empty()) return word;
    }
    if (env) return std::nullopt;
    Word home;
    home.decoded = home.written = "~";
    home.tilde = true;
    return home;
}

}  // namespace

/// A relative operand may start in each directory that the text changes to before it. If the text
/// defines functions, then in each directory that it changes to at all.
void name_directories(ParseState& state) {
    std::vector<std::pair<std::size_t, Word>> found;
    for (std::size_t i = 0; i < state.parts.size(); ++i) {
        // `cd $x` does not count as `cd`, which it would be for an empty x.
        const std::size_t parent = state.parts[i].parent;
        if (state.parts[i].words.size() == 1 && parent != Part::kNone &&
            state.parts[parent].words.size() > 1 &&
            state.parts[parent].words[0].decoded == state.parts[i].words[0].decoded)
            continue;
        if (auto word = directory_of(state.parts[i].words)) {
            const bool known = std::any_of(found.begin(), found.end(), [&](const auto& other) {
                return other.second.decoded == word->decoded;
            });
            if (!known) found.emplace_back(outermost_part(state, i), std::move(*word));
            if (found.size() > kMostDirectories)
                return state.fail("too many changes of the directory");
        }
    }
    if (found.empty()) return;
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::map<std::size_t, std::shared_ptr<const std::vector<Word>>> shared;
    for (std::size_t i = 0; i < state.parts.size(); ++i) {
        const std::size_t place = outermost_part(state, i);
        std::size_t count = 0;
        while (count < found.size() &&
               (found[count].first <= place || !state.functions.empty() || state.parts[i].nested))
            ++count;
        auto& list = shared[count];
        if (!list) {
            std::vector<Word> words;
            for (std::size_t k = 0; k < count; ++k)
                words.push_back(found[k].second);
            list = std::make_shared<const std::vector<Word>>(std::move(words));
        }
        state.parts[i].directories = list;
    }
}

}  // namespace tenon::shell
