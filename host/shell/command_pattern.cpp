#include "host/shell/command_pattern.h"

#include <algorithm>
#include <array>
#include <fnmatch.h>
#include <utility>

namespace tenon::shell {
namespace {

constexpr char32_t kStar = 0x10000;       ///< any text; of a command: without blank and slash
constexpr char32_t kAny = 0x10001;        ///< one byte of a file's name
constexpr char32_t kBeginning = 0x10002;  ///< the next token begins a word: no dash for a pattern
constexpr char32_t kSet = 0x20000;        ///< and further: one byte of a set

/// Tokens of a rule that are compared with a command with patterns.
constexpr std::size_t kMostPlaces = 62;

/// Of a longer command with patterns only the beginning is compared.
constexpr std::size_t kLongestPattern = 4'096;

constexpr std::array<std::string_view, 10> kSystemDirectories = {
    "/bin",           "/sbin",
    "/usr/bin",       "/usr/sbin",
    "/usr/local/bin", "/usr/local/sbin",
    "/usr/games",     "/usr/local/games",
    "/snap/bin",      "/run/current-system/sw/bin"};

/// The bytes that [a-z] stands for.
std::string members(const std::string& set) {
    std::string out = set.substr(1, set.size() - 2);
    if (out.find_first_of("!^-:.=\\[") == std::string::npos) return out;
    out.clear();
    for (int c = 1; c < 256; ++c) {
        const std::string text(1, static_cast<char>(c));
        if (::fnmatch(set.c_str(), text.c_str(), 0) == 0) out += text;
    }
    return out;
}

bool is_wild(char c) {
    return c == '*' || c == '?' || c == '[';
}

/// Where the word that begins `text` ends.
std::size_t first_word(std::string_view text) {
    return std::min(text.find(' '), text.size());
}

void add_glob(Glob& tokens, std::string_view text) {
    std::u32string& out = tokens.line;
    for (std::size_t i = 0; i < text.size() && out.size() < kLongestPattern; ++i) {
        const char c = text[i];
        const auto close = c == '[' ? text.find(']', i + 2) : std::string_view::npos;
        const bool group = i + 1 < text.size() && text[i + 1] == '(' &&
                           std::string_view("?*+@!").find(c) != std::string_view::npos;
        if (group) {
            const auto end = text.rfind(')');
            out += kStar;
            i = end == std::string_view::npos || end < i ? text.size() : end;
        } else if (c == '*') {
            out += kStar;
        } else if (c == '?') {
            out += kAny;
        } else if (close != std::string_view::npos) {
            out += kSet + static_cast<char32_t>(tokens.sets.size());
            tokens.sets.push_back(members(std::string(text.substr(i, close - i + 1))));
            i = close;
        } else {
            out += static_cast<unsigned char>(c);
        }
    }
}

}  // namespace

std::vector<std::shared_ptr<const Glob>> command_globs(const std::vector<Word>& words,
                                                       const std::vector<std::string>& lines) {
    std::vector<std::shared_ptr<const Glob>> out;
    if (std::none_of(words.begin(), words.end(), [](const Word& word) { return word.pattern; }))
        return out;
    for (const std::string& line : lines) {
        Glob glob;
        // Only the program's own name differs between the lines.
        const std::size_t rest = lines[0].size() - words[0].decoded.size();
        for (std::size_t i = 0; i < words.size() && glob.line.size() < kLongestPattern; ++i) {
            const std::string text = i == 0 ? line.substr(0, line.size() - rest) : words[i].decoded;
            if (i > 0) glob.line += U' ';
            glob.line += kBeginning;
            if (words[i].pattern) {
                add_glob(glob, text);
            } else {
                for (const char c : text)
                    glob.line += static_cast<unsigned char>(c);
            }
        }
        if (glob.line.size() >= kLongestPattern) {
            glob.line.resize(kLongestPattern);
            glob.cut = true;
        }
        out.push_back(std::make_shared<const Glob>(std::move(glob)));
    }
    return out;
}

std::string shortest_path(std::string_view path) {
    if (path.find('/') == std::string_view::npos) return std::string(path);
    std::vector<std::string_view> names;
    const bool absolute = path[0] == '/';
    for (std::size_t from = 0; from <= path.size();) {
        const std::size_t stop = std::min(path.find('/', from), path.size());
        const std::string_view name = path.substr(from, stop - from);
        from = stop + 1;
        if (name.empty() || name == ".") continue;
        const bool up = name == ".." && !names.empty() && names.back() != "..";
        if (up) {
            names.pop_back();
        } else if (name != ".." || !absolute) {
            names.push_back(name);
        }
    }
    // /proc/self/root/usr is /usr.
    while (absolute && names.size() > 3 && names[0] == "proc" && names[2] == "root")
        names.erase(names.begin(), names.begin() + 3);
    std::string out = absolute ? "" : names.empty() || names[0] == ".." ? "" : "./";
    for (const std::string_view& name : names)
        (out += absolute || (&name != &names.front()) ? "/" : "") += name;
    return out.empty() ? "/" : out;
}

bool is_system_directory(std::string_view directory) {
    // It is not known how far up a relative path goes: it may reach /.
    const bool climbs = directory.substr(0, 3) == "../";
    while (directory.substr(0, 3) == "../")
        directory.remove_prefix(3);
    const std::string absolute = (climbs ? "/" : "") + std::string(directory);
    return std::find(kSystemDirectories.begin(), kSystemDirectories.end(), absolute) !=
           kSystemDirectories.end();
}

std::vector<std::string> command_lines(const std::vector<Word>& words) {
    std::vector<std::string> lines(1);
    for (const Word& word : words) {
        if (&word != &words.front()) lines[0] += ' ';
        lines[0] += word.decoded;
    }
    if (words.empty()) return lines;
    const Word& command = words[0];
    const auto slash = command.decoded.rfind('/');
    if (slash == std::string::npos) return lines;
    const std::string rest = lines[0].substr(command.decoded.size());
    const std::string path = shortest_path(command.decoded);
    if (path != command.decoded) lines.push_back(path + rest);
    const auto last = path.rfind('/');
    const std::string directory = path.substr(0, last);
    const bool wild = command.pattern && std::any_of(directory.begin(), directory.end(), is_wild);
    // ~/../../usr/bin/x, "$PREFIX/usr/bin/x": the beginning is not known.
    const bool unknown = command.tilde || command.expands;
    const bool ends = std::any_of(
        kSystemDirectories.begin(), kSystemDirectories.end(), [&](std::string_view system) {
            return directory.size() >= system.size() &&
                   directory.substr(directory.size() - system.size()) == system;
        });
    if (wild || is_system_directory(directory) || (unknown && ends))
        lines.push_back(path.substr(last + 1) + rest);
    return lines;
}

CommandPattern::Form::Form(std::string_view text) {
    std::string pattern(text);
    if (pattern.size() > 2 && pattern.substr(pattern.size() - 2) == ":*")
        pattern.replace(pattern.size() - 2, 2, " *");
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool escapes = pattern[i] == '\\' && i + 1 < pattern.size() &&
                             (pattern[i + 1] == '*' || pattern[i + 1] == '\\');
        if (escapes) ++i;
        tokens += pattern[i] == '*' && !escapes ? kStar : static_cast<unsigned char>(pattern[i]);
    }
    const std::size_t star = std::min(tokens.find(kStar), tokens.size());
    head.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(star));
    const std::size_t size = tokens.size();
    optional_tail = size > 2 && tokens[size - 1] == kStar && tokens[size - 2] == U' ';
    if (optional_tail && star + 1 == size) head.pop_back();
    const bool cut = size > kMostPlaces;
    for (std::size_t i = 0; i < std::min(size, kMostPlaces); ++i) {
        const std::uint64_t place = std::uint64_t{1} << i;
        if (tokens[i] == kStar || (cut && i + 1 == kMostPlaces)) {
            stars |= place;
            continue;
        }
        takes[tokens[i]] |= place;
        if (tokens[i] != U' ' && tokens[i] != U'/') names |= place;
    }
    ends = std::uint64_t{1} << std::min(size, kMostPlaces);
    if (optional_tail && !cut) ends |= std::uint64_t{1} << (size - 2);
}

bool CommandPattern::Form::matches(std::string_view line) const {
    if (line.substr(0, head.size()) != head) return false;
    // Greedy from star to star, as for any pattern that knows only stars.
    std::size_t at = 0, back = std::u32string::npos, back_at = 0;
    std::size_t i = 0;
    while (at < line.size()) {
        if (i < tokens.size() && tokens[i] == kStar) {
            back = ++i;
            back_at = at;
        } else if (i < tokens.size() && tokens[i] == static_cast<unsigned char>(line[at])) {
            ++i;
            ++at;
        } else if (back != std::u32string::npos) {
            i = back;
            at = ++back_at;
        } else {
            return false;
        }
    }
    const std::size_t left = tokens.size() - i;
    return left == 0 || (left == 1 && tokens[i] == kStar) || (left == 2 && optional_tail);
}

/// `here` and the places after its stars, since a star may stand for nothing.
std::uint64_t CommandPattern::Form::past_stars(std::uint64_t here) const {
    for (std::uint64_t more = (here & stars) << 1U; (more & ~here) != 0;
         more = (here & stars) << 1U)
        here |= more;
    return here;
}

/// The places after a star of the command, which stands for bytes of one file name.
std::uint64_t CommandPattern::Form::after_star(std::uint64_t here, bool first) const {
    const std::uint64_t dash = first ? takes[static_cast<unsigned char>('-')] : 0;
    std::uint64_t reached = past_stars(here | ((here & names & ~dash) << 1U));
    for (std::uint64_t more = reached; more != 0;) {
        more = past_stars((reached & ~(first ? here : 0) & names) << 1U) & ~reached;
        reached |= more;
    }
    return reached;
}

/// Steps through the command with the set of places in the rule that may be reached.
bool CommandPattern::Form::could_match(const Glob& glob) const {
    std::uint64_t here = past_stars(1);
    bool begins = false;
    for (const char32_t token : glob.line) {
        if (token == kBeginning) {
            begins = true;
            continue;
        }
        const bool first = std::exchange(begins, false);
        if (token == kStar) {
            here = after_star(here, first);
            continue;
        }
        std::uint64_t moves = 0;
        if (token >= kSet) {
            for (const char c : glob.sets[token - kSet])
                moves |= takes[static_cast<unsigned char>(c)];
        } else {
            moves = token == kAny ? names : takes[token];
        }
        if (token >= kAny && first) moves &= ~takes[static_cast<unsigned char>('-')];
        here = past_stars(((here & moves) << 1U) | (here & stars));
        if (here == 0) return false;
    }
    return glob.cut || (here & ends) != 0;
}

CommandPattern::CommandPattern(std::string_view specifier) {
    forms_.emplace_back(specifier);
    const std::size_t stop = first_word(specifier);
    const std::string_view word = specifier.substr(0, stop);
    as_written_ = specifier.find_first_of("'\"\\") != std::string_view::npos ||
                  word.find('=') != std::string_view::npos;
    const auto slash = word.rfind('/');
    if (slash == std::string_view::npos) return;
    const std::string path = shortest_path(word);
    const std::string rest(specifier.substr(stop));
    if (path != word) forms_.emplace_back(path + rest);
    const auto last = path.rfind('/');
    if (is_system_directory(std::string_view(path).substr(0, last)))
        forms_.emplace_back(path.substr(last + 1) + rest);
}

bool CommandPattern::matches(const Part& part) const {
    if (as_written_ && (forms_[0].matches(part.written) || forms_[0].matches(part.whole)))
        return true;
    if (part.words.empty()) return false;
    if (part.lines.empty()) {
        const auto lines = command_lines(part.words);
        return matches(lines, command_globs(part.words, lines));
    }
    return matches(part.lines, part.globs);
}

bool CommandPattern::matches(const std::vector<std::string>& lines,
                             const std::vector<std::shared_ptr<const Glob>>& globs) const {
    for (const Form& form : forms_) {
        for (const std::string& line : lines)
            if (form.matches(line)) return true;
        for (const auto& glob : globs)
            if (form.could_match(*glob)) return true;
    }
    return false;
}

}  // namespace tenon::shell
