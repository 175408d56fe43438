#include "host/shell/script.h"

#include <algorithm>
#include <unordered_set>

#include "host/base/utf8.h"
#include "host/shell/command_pattern.h"
#include "host/shell/parser.h"

namespace tenon::shell {
namespace {

/// /dev/null and the names of open descriptors: opening them changes nothing.
bool is_harmless_target(std::string_view path) {
    if (path == "/dev/null" || path == "/dev/stdout" || path == "/dev/stderr") return true;
    // Only a number: a descriptor may be a directory, and a path beneath it leads anywhere.
    constexpr std::string_view kNumbered = "/dev/fd/";
    return path.substr(0, kNumbered.size()) == kNumbered && path.size() > kNumbered.size() &&
           path.find_first_not_of("0123456789", kNumbered.size()) == std::string_view::npos;
}

bool is_descriptor_target(std::string_view text) {
    if (!text.empty() && text.back() == '-') text.remove_suffix(1);
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool Redirection::writes_file() const {
    if (op == ">&" && !target.expands && is_descriptor_target(target.decoded)) return false;
    if (op != ">" && op != ">>" && op != ">|" && op != "<>" && op != ">&" && op != "&>" &&
        op != "&>>")
        return false;
    return !(target.literal() && is_harmless_target(target.decoded));
}

std::string Part::decoded() const {
    if (!lines.empty()) return lines.front();
    std::string out;
    for (const Word& word : words) {
        if (&word != &words.front()) out += ' ';
        out += word.decoded;
    }
    return out;
}

bool is_assignment(const Word& word) {
    if (word.element) return true;
    const std::string_view text = word.decoded;
    if (text.empty() || !is_name_start(text[0])) return false;
    std::size_t i = 1;
    while (i < text.size() && is_name(text[i]))
        ++i;
    if (i < text.size() && text[i] == '+') ++i;
    return i < text.size() && text[i] == '=' && i < word.plain;
}

std::string_view command_name(const Word& word) {
    const std::string_view text = word.decoded;
    const auto slash = text.rfind('/');
    return slash == std::string_view::npos ? text : text.substr(slash + 1);
}

namespace {

/// Why bash would not read the text byte for byte; empty if it would.
std::string_view unreadable(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return "a NUL byte";
    // bash marks quoted text with these two bytes.
    if (text.find_first_of("\x01\x7F") != std::string_view::npos) return "a control character";
    if (!utf8::is_valid(text)) return "invalid UTF-8";
    return {};
}

std::string identity(const Part& part) {
    std::string out = part.whole + '\1' + part.opaque + '\1' + (part.nested ? "n" : "");
    for (const Redirection& redirection : part.redirections)
        out += '\1' + redirection.body;
    return out;
}

/// Equal commands are judged once.
void drop_doubles(std::vector<Part>& parts) {
    std::unordered_set<std::string> seen;
    parts.erase(
        std::remove_if(parts.begin(), parts.end(),
                       [&seen](const Part& part) { return !seen.insert(identity(part)).second; }),
        parts.end());
}

}  // namespace

Script parse_script(std::string_view text) {
    ParseState state;
    state.budget = 64 * text.size() + 262'144;
    for (const std::string_view word : {"expand_aliases", "posix", "POSIX"})
        state.aliases = state.aliases || text.find(word) != std::string_view::npos;
    state.extglob = text.find("extglob") != std::string_view::npos;
    if (const auto why = unreadable(text); !why.empty()) state.fail(why);
    ScriptParser(text, state, 0, false).script();
    drop_doubles(state.parts);
    unwrap(state);
    const bool nothing = state.parts.empty();
    for (Part& part : state.parts) {
        part.lines = command_lines(part.words);
        part.globs = command_globs(part.words, part.lines);
    }
    Script script{std::move(state.parts), std::move(state.opaque), std::move(state.failed)};
    if (nothing && !script.opaque.empty()) {
        Part part;
        part.written = part.whole = text;
        script.parts.push_back(std::move(part));
    }
    return script;
}

}  // namespace tenon::shell
