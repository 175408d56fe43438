#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "host/shell/unwrap.h"

/// Where a text changes the directory to.
namespace tenon::shell {
namespace {

constexpr std::size_t kMostDirectories = 64;

/// The place of the command in the text that holds the part, or that it is a reading of.
std::size_t root(const ParseState& sink, std::size_t index) {
    while (sink.parts[index].parent != Part::kNone)
        index = sink.parts[index].parent;
    return index;
}

/// What cd, pushd or env -C changes to.
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

/// Relative operands may start wherever the text goes before them, or, where functions are
/// defined, goes at all.
void name_directories(ParseState& sink) {
    std::vector<std::pair<std::size_t, Word>> found;
    for (std::size_t i = 0; i < sink.parts.size(); ++i) {
        // `cd $x` is not judged as if x were empty: it would lead to the home directory.
        const std::size_t parent = sink.parts[i].parent;
        if (sink.parts[i].words.size() == 1 && parent != Part::kNone &&
            sink.parts[parent].words.size() > 1 &&
            sink.parts[parent].words[0].decoded == sink.parts[i].words[0].decoded)
            continue;
        if (auto word = directory_of(sink.parts[i].words)) {
            const bool known = std::any_of(found.begin(), found.end(), [&](const auto& other) {
                return other.second.decoded == word->decoded;
            });
            if (!known) found.emplace_back(root(sink, i), std::move(*word));
            if (found.size() > kMostDirectories)
                return sink.fail("too many changes of the directory");
        }
    }
    if (found.empty()) return;
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::map<std::size_t, std::shared_ptr<const std::vector<Word>>> shared;
    for (std::size_t i = 0; i < sink.parts.size(); ++i) {
        const std::size_t place = root(sink, i);
        std::size_t count = 0;
        while (count < found.size() &&
               (found[count].first <= place || !sink.functions.empty() || sink.parts[i].nested))
            ++count;
        auto& list = shared[count];
        if (!list) {
            std::vector<Word> words;
            for (std::size_t k = 0; k < count; ++k)
                words.push_back(found[k].second);
            list = std::make_shared<const std::vector<Word>>(std::move(words));
        }
        sink.parts[i].directories = list;
    }
}

}  // namespace tenon::shell
