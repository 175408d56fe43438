#include "plugins/file/glob_pattern.h"

#include <algorithm>
#include <cctype>

namespace tenon::file {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kMaxAlternatives = 256;
constexpr std::size_t kMaxGlob = 4096;

/// Where the character after the one at `at` begins. A byte that is not UTF-8 counts as one
/// character.
std::size_t next(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::size_t end = at + 1;
    while (end < text.size() && end < at + size &&
           (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        ++end;
    return end;
}

/// Characters compare as their bytes do: UTF-8 keeps the order of code points.
std::string_view take(std::string_view text, std::size_t& at) {
    const std::size_t from = at;
    at = next(text, at);
    return text.substr(from, at - from);
}

bool in_class(std::string_view name, unsigned char c) {
    struct Class {
        std::string_view name;
        int (*test)(int);
    };
    static constexpr Class kClasses[] = {
        {"alpha", std::isalpha}, {"digit", std::isdigit}, {"alnum", std::isalnum},
        {"upper", std::isupper}, {"lower", std::islower}, {"space", std::isspace},
        {"blank", std::isblank}, {"punct", std::ispunct}, {"xdigit", std::isxdigit},
        {"cntrl", std::iscntrl}, {"graph", std::isgraph}, {"print", std::isprint}};
    const auto* found = std::find_if(std::begin(kClasses), std::end(kClasses),
                                     [&](const Class& one) { return one.name == name; });
    return found != std::end(kClasses) && found->test(c) != 0;
}

struct Bracket {
    bool matches;
    std::size_t end;  // after the closing ]; kNone when there is none
};

/// The bracket expression whose [ stands at `at`, against one character.
Bracket match_bracket(std::string_view pattern, std::size_t at, std::string_view c) {
    std::size_t i = at + 1;
    const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
    if (negated) ++i;
    bool hit = false;
    for (const std::size_t first = i; i < pattern.size();) {
        if (pattern[i] == ']' && i != first) return {hit != negated, i + 1};
        if (pattern.substr(i, 2) == "[:") {
            const std::size_t end = pattern.find(":]", i + 2);
            if (end != kNone) {
                hit = hit || (c.size() == 1 && in_class(pattern.substr(i + 2, end - i - 2),
                                                        static_cast<unsigned char>(c[0])));
                i = end + 2;
                continue;
            }
        }
        if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
        const std::string_view low = take(pattern, i);
        std::string_view high = low;
        if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
            ++i;
            if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
            high = take(pattern, i);
        }
        hit = hit || (low <= c && c <= high);
    }
    return {false, kNone};
}

/// Matches one element of the pattern, not a `*`, against one character. Returns the place after
/// the element, or kNone.
std::size_t match_one(std::string_view pattern, std::size_t at, std::string_view c) {
    switch (pattern[at]) {
        case '?':
            return at + 1;
        case '[': {
            const Bracket bracket = match_bracket(pattern, at, c);
            return bracket.matches ? bracket.end : kNone;
        }
        case '\\':
            if (at + 1 < pattern.size()) ++at;
            break;
        default:
            break;
    }
    return take(pattern, at) == c ? at : kNone;
}

using States = std::vector<bool>;  // which parts of a PathPattern may come next; the last: none

/// `**` may also match nothing.
void skip_folders(const std::vector<std::string>& parts, States& states) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (states[i] && parts[i] == "**") states[i + 1] = true;
    }
}

States states_after(const std::vector<std::string>& parts, const Components& path) {
    States states(parts.size() + 1, false);
    states[0] = true;
    skip_folders(parts, states);
    for (const std::string_view name : path) {
        States then(parts.size() + 1, false);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (!states[i]) continue;
            if (parts[i] == "**")
                then[i] = true;
            else if (matches_name(parts[i], name))
                then[i + 1] = true;
        }
        skip_folders(parts, then);
        states = std::move(then);
    }
    return states;
}

/// The end of the {…} that begins at `at`, and where its commas are; kNone without an end.
std::size_t find_alternatives(std::string_view pattern, std::size_t at,
                              std::vector<std::size_t>& commas) {
    int depth = 0;
    for (std::size_t i = at; i < pattern.size(); ++i) {
        if (pattern[i] == '\\')
            ++i;
        else if (pattern[i] == '{')
            ++depth;
        else if (pattern[i] == ',' && depth == 1)
            commas.push_back(i);
        else if (pattern[i] == '}' && --depth == 0)
            return i;
    }
    return kNone;
}

/// Replaces the first {…} of the pattern by each of its alternatives, until none is left.
bool expand(std::vector<std::string>& patterns) {
    for (std::size_t n = 0; n < patterns.size();) {
        const std::string pattern = patterns[n];
        std::size_t open = 0;
        while (open < pattern.size() && pattern[open] != '{')
            open += pattern[open] == '\\' ? 2 : 1;
        if (open >= pattern.size()) {
            ++n;
            continue;
        }
        std::vector<std::size_t> cuts{open};
        const std::size_t close = find_alternatives(pattern, open, cuts);
        if (close == kNone) return false;
        cuts.push_back(close);
        patterns.erase(patterns.begin() + static_cast<std::ptrdiff_t>(n));
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
            const std::string_view one =
                std::string_view(pattern).substr(cuts[i] + 1, cuts[i + 1] - cuts[i] - 1);
            patterns.insert(patterns.begin() + static_cast<std::ptrdiff_t>(n + i),
                            pattern.substr(0, open) + std::string(one) + pattern.substr(close + 1));
        }
        if (patterns.size() > kMaxAlternatives) return false;
    }
    return true;
}

/// Whether the pattern contains a literal `c` outside {…}.
bool has_outside_braces(std::string_view pattern, char c) {
    int depth = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\')
            ++i;
        else if (pattern[i] == '{')
            ++depth;
        else if (pattern[i] == '}')
            --depth;
        else if (pattern[i] == c && depth <= 0)
            return true;
    }
    return false;
}

bool has_group(std::string_view pattern) {
    for (std::size_t i = 1; i < pattern.size(); ++i)
        if (pattern[i] == '(' && std::string_view("?*+@!").find(pattern[i - 1]) != kNone)
            return true;
    return false;
}

bool has_range(std::string_view pattern) {
    const std::size_t dots = pattern.find("..");
    return dots != kNone && pattern.substr(0, dots).find('{') != kNone &&
           pattern.find('}', dots) != kNone;
}

bool has_stars_in_a_name(std::string_view pattern) {
    const Components parts = components(pattern);
    return std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
        return part != "**" && part.find("**") != kNone;
    });
}

bool escapes_letters(std::string_view pattern) {
    for (std::size_t i = 0; i + 1 < pattern.size(); ++i)
        if (pattern[i] == '\\' && std::isalnum(static_cast<unsigned char>(pattern[++i])) != 0)
            return true;
    return false;
}

bool has_open_bracket(std::string_view pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\') {
            ++i;
        } else if (pattern[i] == '[') {
            const Bracket bracket = match_bracket(pattern, i, "x");
            if (bracket.end == kNone) return true;
            i = bracket.end - 1;
        }
    }
    return false;
}

}  // namespace

Components components(std::string_view path) {
    Components out;
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view name = path.substr(0, slash);
        if (!name.empty() && name != ".") out.push_back(name);
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return out;
}

/// Only the last `*` must be remembered: it can match all that an earlier one could match in
/// addition.
bool matches_name(std::string_view pattern, std::string_view name) {
    std::size_t p = 0, t = 0;
    std::size_t after_star = kNone, star_took = 0;
    while (t < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            after_star = ++p;
            star_took = t;
            continue;
        }
        const std::size_t end = next(name, t);
        const std::size_t after =
            p < pattern.size() ? match_one(pattern, p, name.substr(t, end - t)) : kNone;
        if (after != kNone) {
            p = after;
            t = end;
        } else if (after_star != kNone) {
            p = after_star;
            t = star_took = next(name, star_took);
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == kNone;
}

PathPattern::PathPattern(std::string_view pattern) {
    for (const std::string_view part : components(pattern))
        parts_.emplace_back(part);
    if (!parts_.empty() && parts_.back() == "**") parts_.emplace_back("*");
}

bool PathPattern::matches(const Components& path) const {
    return states_after(parts_, path).back();
}

bool PathPattern::may_match_below(const Components& path) const {
    const States states = states_after(parts_, path);
    return std::find(states.begin(), states.end() - 1, true) != states.end() - 1;
}

bool PathPattern::names_folder(const Components& path) const {
    if (path.empty()) return false;
    const States states = states_after(parts_, Components(path.begin(), path.end() - 1));
    for (std::size_t i = 0; i + 1 < parts_.size(); ++i)
        if (states[i] && parts_[i] != "**" && matches_name(parts_[i], path.back())) return true;
    return false;
}

bool PathPattern::ends_plainly() const {
    return !parts_.empty() && parts_.back().find_first_of("*?[") == kNone;
}

std::optional<Glob> Glob::parse(std::string_view pattern, std::string& why) {
    Glob glob;
    if (pattern.size() > kMaxGlob) {
        why = "it is longer than " + std::to_string(kMaxGlob) + " bytes";
    } else if (pattern.substr(0, 1) == "!") {
        why = "a ! at the beginning excludes nothing here; write \\! for the character itself";
    } else if (has_open_bracket(pattern)) {
        why = "a [ has no ]; write \\[ for the character itself";
    } else if (std::vector<std::string> all{std::string(pattern)}; !expand(all)) {
        why = "a { has no }, or there are more than " + std::to_string(kMaxAlternatives) +
              " alternatives; write \\{ for the character itself";
    } else {
        glob.folders_ = !pattern.empty() && pattern.back() == '/';
        for (const std::string& one : all) {
            const Components parts = components(one);
            if (parts.empty() || std::find(parts.begin(), parts.end(), "..") != parts.end()) {
                why = "it must name something below the folder, without ..";
                return std::nullopt;
            }
            glob.alternatives_.emplace_back(one);
        }
        return glob;
    }
    return std::nullopt;
}

std::string why_no_match(std::string_view pattern) {
    if (has_stars_in_a_name(pattern))
        return "** stands for folders only between slashes: src/**/*.c";
    if (has_group(pattern) || has_outside_braces(pattern, '|') || has_outside_braces(pattern, ','))
        return "alternatives are written {a,b}";
    if (has_range(pattern)) return "{1..3} is no range here: write {1,2,3} or [1-3]";
    if (pattern.find(".*") != kNone || pattern.find("\\.") != kNone || pattern.find('$') != kNone ||
        pattern.find('^') == 0)
        return "the pattern is a glob, not a regular expression: *.c";
    if (escapes_letters(pattern))
        return "the separator of a path is /, and \\ makes what follows literal";
    return {};
}

bool Glob::matches(std::string_view path) const {
    const Components parts = components(path);
    return std::any_of(alternatives_.begin(), alternatives_.end(),
                       [&](const PathPattern& one) { return one.matches(parts); });
}

bool Glob::names_folder(std::string_view path) const {
    const Components parts = components(path);
    return std::any_of(alternatives_.begin(), alternatives_.end(),
                       [&](const PathPattern& one) { return one.names_folder(parts); });
}

bool Glob::matches_plainly(std::string_view path) const {
    const Components parts = components(path);
    return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const PathPattern& one) {
        return one.ends_plainly() && one.matches(parts);
    });
}

bool Glob::may_match_below(std::string_view path) const {
    const Components parts = components(path);
    return std::any_of(alternatives_.begin(), alternatives_.end(),
                       [&](const PathPattern& one) { return one.may_match_below(parts); });
}

}  // namespace tenon::file
