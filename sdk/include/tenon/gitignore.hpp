// SPDX-License-Identifier: Apache-2.0
//
// The rules of .gitignore files, see gitignore(5): pure functions of text. Header-only, C++17.
// Needs no other header of the SDK.
//
//     tenon::IgnoreStack rules;
//     rules.push(tenon::IgnoreFile("", "*.o\n!keep.o\n"));
//     rules.push(tenon::IgnoreFile("sub", "/build\n"));  // of sub/.gitignore
//     rules.ignores("sub/build", true);                  // true
#ifndef TENON_GITIGNORE_HPP
#define TENON_GITIGNORE_HPP

#include <algorithm>
#include <bitset>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon {
inline namespace sdk_1_1 {

/// One pattern of gitignore(5). It matches exactly what git matches (wildmatch.c and dir.c of git),
/// also for odd patterns: `a//b`, or a bracket without its end, match nothing. Even for a hostile
/// pattern, the time is linear in pattern times text.
class GitPattern {
public:
    /// `pattern` is without the `!` before it and the `/` after it. A pattern with a `/` in it is
    /// matched against whole paths, any other against the last name of a path.
    explicit GitPattern(std::string_view pattern);

    /// `path` is relative to the folder for which the pattern was written; `name` is its last
    /// component.
    [[nodiscard]] bool matches(std::string_view path, std::string_view name) const;

private:
    using Bytes = std::bitset<256>;
    enum class StepKind {
        kByte,         ///< one of `bytes`
        kStar,         ///< any number of bytes but `/`
        kDeep,         ///< any number of bytes
        kDeepFolders,  ///< any number of directories, the `/` that follows included
    };
    struct Step {
        StepKind kind;
        Bytes bytes;
    };

    void parse(std::string_view pattern);
    [[nodiscard]] bool add_bracket(std::string_view pattern, std::size_t& at);
    void add_stars(std::string_view pattern, std::size_t& at);
    void count_steps();
    [[nodiscard]] bool last_bytes_match(std::string_view text) const;
    [[nodiscard]] bool leading_steps_match(std::string_view text) const;
    void add_state(std::vector<bool>& states, std::size_t at) const;
    void add_next_states(std::vector<bool>& then, std::size_t at, char c) const;

    bool whole_path_ = false;
    bool never_ = false;     ///< it is malformed
    std::string beginning_;  ///< what comes before the first special character
    std::vector<Step> steps_;
    std::size_t leading_ = 0;   ///< steps up to the last star; those after it are bytes
    std::size_t shortest_ = 0;  ///< a text with fewer bytes does not match the steps
};

/// The rules of one file. Only the last that matches counts.
class IgnoreFile {
public:
    enum class Verdict { kNothing, kIgnored, kKept };

    /// `folder` is where the rules hold: a path relative to the top, empty for the top itself.
    IgnoreFile(std::string folder, std::string_view text);
    /// `path` is relative to the top.
    [[nodiscard]] Verdict judge(std::string_view path, bool is_folder) const;

private:
    struct Rule {
        GitPattern pattern;
        bool keeps, only_folders;
    };
    std::string folder_;
    std::vector<Rule> rules_;
};

/// The files that apply to one folder, the nearest last: its rules come before those of the others.
class IgnoreStack {
public:
    void push(IgnoreFile file) { files_.push_back(std::move(file)); }
    [[nodiscard]] std::size_t size() const { return files_.size(); }
    void shrink(std::size_t size) {
        files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(size), files_.end());
    }
    /// Whether the files from `first` on ignore `path`. The caller must ask about the folders above
    /// it first: nothing below an ignored folder can be included again.
    [[nodiscard]] bool ignores(std::string_view path, bool is_folder, std::size_t first = 0) const;

private:
    std::vector<IgnoreFile> files_;
};

namespace ignore_detail {

inline unsigned char byte(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

/// The bytes of `[:name:]`; none for an unknown name.
inline std::optional<std::bitset<256>> named_class(std::string_view name) {
    struct Class {
        std::string_view name;
        int (*test)(int);
    };
    const Class kClasses[] = {
        {"alnum", std::isalnum}, {"alpha", std::isalpha}, {"blank", std::isblank},
        {"cntrl", std::iscntrl}, {"digit", std::isdigit}, {"graph", std::isgraph},
        {"lower", std::islower}, {"print", std::isprint}, {"punct", std::ispunct},
        {"space", std::isspace}, {"upper", std::isupper}, {"xdigit", std::isxdigit}};
    const auto* found = std::find_if(std::begin(kClasses), std::end(kClasses),
                                     [&](const Class& one) { return one.name == name; });
    if (found == std::end(kClasses)) return std::nullopt;
    std::bitset<256> bytes;
    for (int c = 0; c < 128; ++c)  // git knows these classes for ASCII alone
        if (found->test(c) != 0) bytes.set(static_cast<std::size_t>(c));
    return bytes;
}

/// Blanks at the end do not count, unless there is a backslash before them. A backslash at the end
/// of the line keeps them all, and then the pattern matches nothing.
inline std::string_view without_trailing_blanks(std::string_view line) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\') {
            if (++i == line.size()) return line;
            end = i + 1;
        } else if (line[i] != ' ') {
            end = i + 1;
        }
    }
    return line.substr(0, end);
}

}  // namespace ignore_detail

inline GitPattern::GitPattern(std::string_view pattern) {
    whole_path_ = pattern.find('/') != std::string_view::npos;
    if (!pattern.empty() && pattern.front() == '/') pattern.remove_prefix(1);
    // git compares this part byte by byte, and what follows as a pattern of its own: `a**/b` has a
    // `**` at its beginning then.
    const std::size_t special = std::min(pattern.find_first_of("*?[\\"), pattern.size());
    beginning_ = pattern.substr(0, special);
    parse(pattern.substr(special));
    count_steps();
}

inline void GitPattern::parse(std::string_view pattern) {
    for (std::size_t at = 0; at < pattern.size() && !never_;) {
        Bytes bytes;
        switch (pattern[at]) {
            case '*':
                add_stars(pattern, at);
                continue;
            case '[':
                never_ = !add_bracket(pattern, at);
                continue;
            case '?':
                bytes.set().reset('/');
                break;
            case '\\':
                never_ = ++at == pattern.size();
                if (!never_) bytes.set(ignore_detail::byte(pattern, at));
                break;
            default:
                bytes.set(ignore_detail::byte(pattern, at));
        }
        steps_.push_back({StepKind::kByte, bytes});
        ++at;
    }
}

/// Two or more stars match directories where they are a whole component; elsewhere they mean one
/// star.
inline void GitPattern::add_stars(std::string_view pattern, std::size_t& at) {
    const std::size_t first = at;
    while (at < pattern.size() && pattern[at] == '*')
        ++at;
    const bool begins = first == 0 || pattern[first - 1] == '/';
    const std::string_view rest = pattern.substr(at);
    const bool ends = rest.empty() || rest.substr(0, 1) == "/" || rest.substr(0, 2) == "\\/";
    if (at - first == 1 || (whole_path_ && !(begins && ends))) {
        steps_.push_back({StepKind::kStar, {}});
    } else if (rest.substr(0, 1) == "/") {
        ++at;
        steps_.push_back({StepKind::kDeepFolders, {}});
    } else {
        steps_.push_back({StepKind::kDeep, {}});
    }
}

/// False for a bracket without its end, or with an unknown class.
inline bool GitPattern::add_bracket(std::string_view pattern, std::size_t& at) {
    const auto has = [&](std::size_t i) { return i < pattern.size(); };
    std::size_t i = at + 1;
    const bool negated = has(i) && (pattern[i] == '!' || pattern[i] == '^');
    if (negated) ++i;
    Bytes bytes;
    std::optional<unsigned char> before;  // the beginning of a range
    for (const std::size_t first = i; has(i) && (pattern[i] != ']' || i == first); ++i) {
        if (pattern[i] == '-' && before && has(i + 1) && pattern[i + 1] != ']') {
            if (pattern[++i] == '\\' && !has(++i)) return false;
            for (unsigned c = *before; c <= ignore_detail::byte(pattern, i); ++c)
                bytes.set(c);
            before.reset();
            continue;
        }
        if (pattern.substr(i, 2) == "[:") {
            const std::size_t end = pattern.find(']', i + 2);
            if (end == std::string_view::npos) return false;
            if (end > i + 2 && pattern[end - 1] == ':') {
                const auto named = ignore_detail::named_class(pattern.substr(i + 2, end - i - 3));
                if (!named) return false;
                bytes |= *named;
                before.reset();
                i = end;
                continue;
            }
        }
        if (pattern[i] == '\\' && !has(++i)) return false;
        before = ignore_detail::byte(pattern, i);
        bytes.set(*before);
    }
    if (!has(i)) return false;
    at = i + 1;
    if (negated) bytes.flip();
    steps_.push_back({StepKind::kByte, bytes.reset('/')});
    return true;
}

inline void GitPattern::count_steps() {
    const auto is_byte = [](const Step& step) { return step.kind == StepKind::kByte; };
    shortest_ = static_cast<std::size_t>(std::count_if(steps_.begin(), steps_.end(), is_byte));
    leading_ = steps_.size();
    while (leading_ > 0 && is_byte(steps_[leading_ - 1]))
        --leading_;
}

inline bool GitPattern::matches(std::string_view path, std::string_view name) const {
    std::string_view text = whole_path_ ? path : name;
    if (never_ || text.substr(0, beginning_.size()) != beginning_) return false;
    text.remove_prefix(beginning_.size());
    if (steps_.empty()) return text.empty() && !beginning_.empty();
    // The walk calls this for every name and every rule, so most rules should be decided here: each
    // byte after the last star is one byte at the end of the text.
    if (text.size() < shortest_ || !last_bytes_match(text)) return false;
    text.remove_suffix(steps_.size() - leading_);
    return leading_steps_match(text);
}

inline bool GitPattern::last_bytes_match(std::string_view text) const {
    for (std::size_t i = steps_.size(), at = text.size(); i > leading_; --i)
        if (!steps_[i - 1].bytes[ignore_detail::byte(text, --at)]) return false;
    return true;
}

/// A state is the number of steps done. A star may also match nothing.
inline void GitPattern::add_state(std::vector<bool>& states, std::size_t at) const {
    while (true) {
        states[at] = true;
        if (at == leading_ || steps_[at].kind == StepKind::kByte) return;
        ++at;
    }
}

/// Adds the states that follow the state `at` after the byte `c`.
inline void GitPattern::add_next_states(std::vector<bool>& then, std::size_t at, char c) const {
    switch (steps_[at].kind) {
        case StepKind::kByte:
            if (steps_[at].bytes[static_cast<unsigned char>(c)]) add_state(then, at + 1);
            break;
        case StepKind::kStar:
            if (c != '/') add_state(then, at);
            break;
        case StepKind::kDeep:
            add_state(then, at);
            break;
        case StepKind::kDeepFolders:
            // It may end only after a `/`.
            then[at] = true;
            if (c == '/') add_state(then, at + 1);
            break;
    }
}

inline bool GitPattern::leading_steps_match(std::string_view text) const {
    if (leading_ == 0) return text.empty();
    if (leading_ == 1) {  // one star, as in `*.o`: no need to count states
        const StepKind star = steps_[0].kind;
        if (star == StepKind::kStar) return text.find('/') == std::string_view::npos;
        return star == StepKind::kDeep || text.empty() || text.back() == '/';
    }
    std::vector<bool> states(leading_ + 1, false);
    std::vector<bool> then = states;
    add_state(states, 0);
    for (const char c : text) {
        std::fill(then.begin(), then.end(), false);
        for (std::size_t i = 0; i < leading_; ++i)
            if (states[i]) add_next_states(then, i, c);
        if (std::find(then.begin(), then.end(), true) == then.end()) return false;
        std::swap(states, then);
    }
    return states.back();
}

inline IgnoreFile::IgnoreFile(std::string folder, std::string_view text)
    : folder_(std::move(folder)) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') continue;
        if (line.back() == '\r') line.remove_suffix(1);
        line = ignore_detail::without_trailing_blanks(line.substr(0, line.find('\0')));
        const bool keeps = !line.empty() && line.front() == '!';
        if (keeps) line.remove_prefix(1);
        const bool only_folders = !line.empty() && line.back() == '/';
        if (only_folders) line.remove_suffix(1);
        if (!line.empty()) rules_.push_back({GitPattern(line), keeps, only_folders});
    }
}

inline IgnoreFile::Verdict IgnoreFile::judge(std::string_view path, bool is_folder) const {
    path.remove_prefix(std::min(path.size(), folder_.empty() ? 0 : folder_.size() + 1));
    const std::string_view name = path.substr(path.rfind('/') + 1);
    for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
        if (rule->only_folders && !is_folder) continue;
        if (rule->pattern.matches(path, name))
            return rule->keeps ? Verdict::kKept : Verdict::kIgnored;
    }
    return Verdict::kNothing;
}

inline bool IgnoreStack::ignores(std::string_view path, bool is_folder, std::size_t first) const {
    for (std::size_t i = files_.size(); i > first; --i) {
        const IgnoreFile::Verdict verdict = files_[i - 1].judge(path, is_folder);
        if (verdict != IgnoreFile::Verdict::kNothing)
            return verdict == IgnoreFile::Verdict::kIgnored;
    }
    return false;
}

}  // namespace sdk_1_1
}  // namespace tenon

#endif
