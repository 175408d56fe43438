#include "host/permission/command_pattern.h"

#include <algorithm>
#include <array>
#include <fnmatch.h>

namespace tenon::permission {
namespace {

constexpr char32_t kStar = 0x10000;       ///< any text; of a command: without blank and slash
constexpr char32_t kAny = 0x10001;        ///< one byte of a file's name
constexpr char32_t kBeginning = 0x10002;  ///< the next token begins a word: no dash for a pattern
constexpr char32_t kSet = 0x20000;        ///< and further: one byte of a set

/// Longer commands with patterns are matched by their beginning.
constexpr std::size_t kLongestPattern = 4'096;

constexpr std::array<std::string_view, 10> kSystemDirectories = {
    "/bin",           "/sbin",
    "/usr/bin",       "/usr/sbin",
    "/usr/local/bin", "/usr/local/sbin",
    "/usr/games",     "/usr/local/games",
    "/snap/bin",      "/run/current-system/sw/bin"};

bool is_in(const std::string& set, char c) {
    return ::fnmatch(set.c_str(), std::string(1, c).c_str(), 0) == 0;
}

bool is_wild(char c) {
    return c == '*' || c == '?' || c == '[';
}

/// Where the word that begins `text` ends.
std::size_t first_word(std::string_view text) {
    return std::min(text.find(' '), text.size());
}

/// The beginnings of the rule and of the command do not contradict each other.
bool agree(std::string_view head, std::string_view line) {
    const std::size_t length = std::min(head.size(), line.size());
    return head.substr(0, length) == line.substr(0, length);
}

/// A command as tokens: bytes, and what stands for several.
struct Tokens {
    std::u32string line;
    std::vector<std::string> sets;  ///< [a-z], by the token less kSet
};

void add_glob(Tokens& tokens, std::string_view text) {
    std::u32string& out = tokens.line;
    for (std::size_t i = 0; i < text.size(); ++i) {
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
            tokens.sets.emplace_back(text.substr(i, close - i + 1));
            i = close;
        } else {
            out += static_cast<unsigned char>(c);
        }
    }
}

/// `line` is one of the command's lines: its words, the first of them maybe shorter.
Tokens tokens_of(std::string_view line, const Part& part) {
    Tokens tokens;
    std::u32string& out = tokens.line;
    for (std::size_t i = 0; i < part.words.size() && out.size() < kLongestPattern; ++i) {
        std::string_view text = part.words[i].decoded;
        // Only the program's own name differs between the lines.
        if (i == 0) text = line.substr(0, line.size() - (part.decoded().size() - text.size()));
        if (i > 0) out += U' ';
        out += kBeginning;
        if (part.words[i].pattern) {
            add_glob(tokens, text);
        } else {
            for (const char c : text)
                out += static_cast<unsigned char>(c);
        }
    }
    if (out.size() >= kLongestPattern) {
        // What is left may be anything.
        out.resize(kLongestPattern);
        out += kStar;
        out += U' ';
        out += kStar;
    }
    return tokens;
}

}  // namespace

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
    // How far up a relative path climbs is not known here: it may end at /.
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
    // ~/../../usr/bin/x, "$PREFIX/usr/bin/x": where they begin is not known.
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

/// Runs over the command with the set of places in the rule that may be reached.
bool CommandPattern::Form::could_match(std::string_view line, const Part& part) const {
    std::vector<bool> here(tokens.size() + 1, false);
    here[0] = true;
    const auto pass_stars = [&] {
        for (std::size_t i = 0; i < tokens.size(); ++i)
            if (here[i] && tokens[i] == kStar) here[i + 1] = true;
    };
    const auto step = [&](auto takes) {
        std::vector<bool> next(tokens.size() + 1, false);
        bool any = false;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (!here[i]) continue;
            if (tokens[i] == kStar)
                next[i] = true;
            else if (takes(tokens[i]))
                next[i + 1] = true;
            else
                continue;
            any = true;
        }
        here = std::move(next);
        pass_stars();
        return any;
    };
    const auto of_name = [](char32_t c) { return c != U' ' && c != U'/'; };
    pass_stars();
    bool begins = false;
    const Tokens command = tokens_of(line, part);
    for (const char32_t token : command.line) {
        if (token == kBeginning) {
            begins = true;
            continue;
        }
        const bool first = std::exchange(begins, false);
        const auto wild = [&](char32_t c) { return of_name(c) && !(first && c == U'-'); };
        if (token == kStar) {
            std::vector<bool> all = here;
            step(wild);
            for (std::size_t i = 0; i < tokens.size(); ++i)
                if (here[i] && (tokens[i] == kStar || of_name(tokens[i]))) here[i + 1] = true;
            for (std::size_t i = 0; i < all.size(); ++i)
                here[i] = here[i] || all[i];
        } else if (token >= kSet) {
            const std::string& set = command.sets[token - kSet];
            if (!step([&](char32_t c) { return wild(c) && is_in(set, static_cast<char>(c)); }))
                return false;
        } else if (!(token == kAny ? step(wild)
                                   : step([token](char32_t c) { return c == token; }))) {
            return false;
        }
    }
    return here[tokens.size()] || (optional_tail && here[tokens.size() - 2]);
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
    if (part.words.empty()) return as_written_ && forms_[0].matches(part.written);
    const auto test = [&](const std::string& line) {
        return std::any_of(forms_.begin(), forms_.end(), [&](const Form& form) {
            if (form.matches(line)) return true;
            if (!part.wild) return false;
            const auto wild = std::find_if(line.begin(), line.end(), is_wild) - line.begin();
            return agree(form.head,
                         std::string_view(line).substr(0, static_cast<std::size_t>(wild))) &&
                   form.could_match(line, part);
        });
    };
    const bool hit = part.lines.empty()
                         ? [&] {
                               const auto lines = command_lines(part.words);
                               return std::any_of(lines.begin(), lines.end(), test);
                           }()
                         : std::any_of(part.lines.begin(), part.lines.end(), test);
    return hit ||
           (as_written_ && (forms_[0].matches(part.written) || forms_[0].matches(part.whole)));
}

}  // namespace tenon::permission
