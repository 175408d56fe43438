#include "plugins/file/git_pattern.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace tenon::file {
namespace {

unsigned char byte(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

/// The bytes of `[:name:]`; none for an unknown name.
std::optional<std::bitset<256>> named_class(std::string_view name) {
    struct Class {
        std::string_view name;
        int (*test)(int);
    };
    static constexpr Class kClasses[] = {
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

}  // namespace

GitPattern::GitPattern(std::string_view pattern) {
    whole_path_ = pattern.find('/') != std::string_view::npos;
    if (!pattern.empty() && pattern.front() == '/') pattern.remove_prefix(1);
    // git compares this part byte by byte, and what follows as a pattern of its own: `a**/b` has a
    // `**` at its beginning then.
    const std::size_t special = std::min(pattern.find_first_of("*?[\\"), pattern.size());
    beginning_ = pattern.substr(0, special);
    parse(pattern.substr(special));
    count_steps();
}

void GitPattern::parse(std::string_view pattern) {
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
                if (!never_) bytes.set(byte(pattern, at));
                break;
            default:
                bytes.set(byte(pattern, at));
        }
        steps_.push_back({StepKind::kByte, bytes});
        ++at;
    }
}

/// Two or more stars match directories where they are a whole component; elsewhere they mean one
/// star.
void GitPattern::add_stars(std::string_view pattern, std::size_t& at) {
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
bool GitPattern::add_bracket(std::string_view pattern, std::size_t& at) {
    const auto has = [&](std::size_t i) { return i < pattern.size(); };
    std::size_t i = at + 1;
    const bool negated = has(i) && (pattern[i] == '!' || pattern[i] == '^');
    if (negated) ++i;
    Bytes bytes;
    std::optional<unsigned char> before;  // the beginning of a range
    for (const std::size_t first = i; has(i) && (pattern[i] != ']' || i == first); ++i) {
        if (pattern[i] == '-' && before && has(i + 1) && pattern[i + 1] != ']') {
            if (pattern[++i] == '\\' && !has(++i)) return false;
            for (unsigned c = *before; c <= byte(pattern, i); ++c)
                bytes.set(c);
            before.reset();
            continue;
        }
        if (pattern.substr(i, 2) == "[:") {
            const std::size_t end = pattern.find(']', i + 2);
            if (end == std::string_view::npos) return false;
            if (end > i + 2 && pattern[end - 1] == ':') {
                const auto named = named_class(pattern.substr(i + 2, end - i - 3));
                if (!named) return false;
                bytes |= *named;
                before.reset();
                i = end;
                continue;
            }
        }
        if (pattern[i] == '\\' && !has(++i)) return false;
        before = byte(pattern, i);
        bytes.set(*before);
    }
    if (!has(i)) return false;
    at = i + 1;
    if (negated) bytes.flip();
    steps_.push_back({StepKind::kByte, bytes.reset('/')});
    return true;
}

void GitPattern::count_steps() {
    const auto is_byte = [](const Step& step) { return step.kind == StepKind::kByte; };
    shortest_ = static_cast<std::size_t>(std::count_if(steps_.begin(), steps_.end(), is_byte));
    leading_ = steps_.size();
    while (leading_ > 0 && is_byte(steps_[leading_ - 1]))
        --leading_;
}

bool GitPattern::matches(std::string_view path, std::string_view name) const {
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

bool GitPattern::last_bytes_match(std::string_view text) const {
    for (std::size_t i = steps_.size(), at = text.size(); i > leading_; --i)
        if (!steps_[i - 1].bytes[byte(text, --at)]) return false;
    return true;
}

/// A state is the number of steps done. A star may also match nothing.
void GitPattern::add_state(std::vector<bool>& states, std::size_t at) const {
    while (true) {
        states[at] = true;
        if (at == leading_ || steps_[at].kind == StepKind::kByte) return;
        ++at;
    }
}

/// Adds the states that follow the state `at` after the byte `c`.
void GitPattern::add_next_states(std::vector<bool>& then, std::size_t at, char c) const {
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

bool GitPattern::leading_steps_match(std::string_view text) const {
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

}  // namespace tenon::file
