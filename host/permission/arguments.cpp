#include "host/permission/arguments.h"

#include <algorithm>

#include "host/permission/path_pattern.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

/// Directory entries that are read for one word.
constexpr std::size_t kMostEntriesOfAWord = 65'536;

/// One byte of a word. A quoted byte is never a wildcard.
struct Letter {
    char c;
    bool quoted;
};
using Letters = std::vector<Letter>;

/// `written` without its quotes; nothing if it holds an expansion or unbalanced quotes.
std::optional<Letters> letters_of(std::string_view written) {
    Letters out;
    for (std::size_t i = 0; i < written.size(); ++i) {
        const char c = written[i];
        if (c == '\'') {
            const auto end = written.find('\'', i + 1);
            if (end == std::string_view::npos) return std::nullopt;
            for (++i; i < end; ++i)
                out.push_back({written[i], true});
        } else if (c == '"') {
            for (++i; i < written.size() && written[i] != '"'; ++i) {
                if (written[i] == '$' || written[i] == '`') return std::nullopt;
                const bool escapes =
                    written[i] == '\\' && i + 1 < written.size() &&
                    std::string_view("$`\"\\").find(written[i + 1]) != std::string_view::npos;
                out.push_back({written[escapes ? ++i : i], true});
            }
            if (i >= written.size()) return std::nullopt;
        } else if (c == '\\') {
            if (++i >= written.size() || written[i] == '\n') return std::nullopt;
            out.push_back({written[i], true});
        } else if (std::string_view("$`{").find(c) != std::string_view::npos) {
            return std::nullopt;
        } else {
            out.push_back({c, false});
        }
    }
    return out;
}

bool is_wildcard(const Letter& letter) {
    return !letter.quoted && (letter.c == '*' || letter.c == '?' || letter.c == '[');
}

std::string text_of_letters(const Letters& letters) {
    std::string out;
    for (const Letter& letter : letters)
        out += letter.c;
    return out;
}

/// A bracket expression of bash(1), "Pattern Matching": [begin, end) is between the brackets.
struct Bracket {
    std::size_t begin, end;
};

std::optional<Bracket> bracket_at(const Letters& pattern, std::size_t open) {
    std::size_t i = open + 1;
    if (i < pattern.size() && (pattern[i].c == '!' || pattern[i].c == '^')) ++i;
    if (i < pattern.size() && pattern[i].c == ']') ++i;
    for (; i < pattern.size(); ++i)
        if (pattern[i].c == ']' && !pattern[i].quoted) return Bracket{open + 1, i};
    return std::nullopt;
}

/// Whether `c` is in the set, at least in some locale.
bool may_be_in(const Letters& pattern, Bracket set, unsigned char c) {
    std::size_t i = set.begin;
    const bool inverted = !pattern[i].quoted && (pattern[i].c == '!' || pattern[i].c == '^');
    if (inverted) ++i;
    if (c >= 0x80) return true;
    bool in = false;
    for (; i < set.end; ++i) {
        const auto first = static_cast<unsigned char>(pattern[i].c);
        if (first >= 0x80 || (first == '[' && i + 1 < set.end)) return true;
        if (i + 2 < set.end && pattern[i + 1].c == '-' && !pattern[i + 1].quoted) {
            const auto last = static_cast<unsigned char>(pattern[i + 2].c);
            if (last >= 0x80) return true;
            in = in || (first <= c && c <= last);
            i += 2;
        } else {
            in = in || first == c;
        }
    }
    return in != inverted;
}

/// The size of the UTF-8 character at `at`; 1 for a byte that begins none.
std::size_t character_size(std::string_view name, std::size_t at) {
    std::size_t n = 1;
    while (static_cast<unsigned char>(name[at]) >= 0xC0 && at + n < name.size() &&
           (static_cast<unsigned char>(name[at + n]) & 0xC0U) == 0x80U)
        ++n;
    return n;
}

/// Whether `name` matches, at least in some locale. Visits each pair of positions once.
bool may_match(const Letters& pattern, std::string_view name) {
    std::vector<bool> row(name.size() + 1, false);
    row[0] = true;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        std::vector<bool> next(name.size() + 1, false);
        const auto one = [&](const auto& fits) {
            for (std::size_t j = 0; j < name.size(); ++j) {
                if (!row[j] || !fits(static_cast<unsigned char>(name[j]))) continue;
                next[j + 1] = true;
                next[j + character_size(name, j)] = true;
            }
        };
        std::optional<Bracket> set;
        if (!is_wildcard(pattern[i]) || (pattern[i].c == '[' && !(set = bracket_at(pattern, i)))) {
            for (std::size_t j = 0; j < name.size(); ++j)
                next[j + 1] = row[j] && name[j] == pattern[i].c;
        } else if (pattern[i].c == '*') {
            bool reached = false;
            for (std::size_t j = 0; j <= name.size(); ++j)
                next[j] = reached = reached || row[j];
        } else if (pattern[i].c == '?') {
            one([](unsigned char) { return true; });
        } else {
            one([&](unsigned char c) { return may_be_in(pattern, *set, c); });
            i = set->end;
        }
        row = std::move(next);
    }
    return row[name.size()];
}

/// Pathname expansion of one word.
class PathnameExpansion {
public:
    explicit PathnameExpansion(const fs::path& directory) : directory_(directory) {}

    /// False: there are too many names, or a directory cannot be read to its end.
    bool run(const Letters& word) {
        std::vector<Letters> pieces(1);
        for (const Letter& letter : word) {
            if (letter.c == '/') {
                pieces.emplace_back();
            } else {
                pieces.back().push_back(letter);
            }
        }
        return descend(pieces, 0, "");
    }
    std::vector<std::string>& names() { return names_; }
    /// Whether bash may find fewer names: only old versions find `.` and `..`.
    [[nodiscard]] bool may_find_fewer() const { return may_find_fewer_; }

private:
    [[nodiscard]] fs::path place(const std::string& path) const {
        return !path.empty() && path[0] == '/' ? fs::path(path) : directory_ / path;
    }

    bool descend(const std::vector<Letters>& pieces, std::size_t i, const std::string& before) {
        if (i == pieces.size()) {
            std::error_code none;
            const fs::path path = place(before);
            const auto status = before.empty() || before.back() != '/'
                                    ? fs::symlink_status(path, none)
                                    : fs::status(path, none);
            if (fs::exists(status)) names_.push_back(before);
            return names_.size() <= kMostNames;
        }
        const std::string slash = i + 1 < pieces.size() ? "/" : "";
        if (std::none_of(pieces[i].begin(), pieces[i].end(), is_wildcard))
            return descend(pieces, i + 1, before + text_of_letters(pieces[i]) + slash);
        std::error_code failed;
        fs::directory_iterator entry(place(before.empty() ? "." : before), failed);
        // The shell finds no names there either.
        if (failed) return true;
        std::vector<std::string> found;
        const bool dotted = pieces[i].front().c == '.';
        for (const char* self : {".", ".."})
            if (dotted && may_match(pieces[i], self)) found.emplace_back(self);
        may_find_fewer_ = may_find_fewer_ || !found.empty();
        for (; entry != fs::directory_iterator(); entry.increment(failed)) {
            if (failed || ++looked_at_ > kMostEntriesOfAWord) return false;
            const std::string name = entry->path().filename().string();
            if ((name[0] != '.' || dotted) && may_match(pieces[i], name)) found.push_back(name);
        }
        if (failed || found.size() > kMostNames) return false;
        std::sort(found.begin(), found.end());
        return std::all_of(found.begin(), found.end(), [&](const std::string& name) {
            return descend(pieces, i + 1, before + name + slash);
        });
    }

    const fs::path& directory_;
    std::vector<std::string> names_;
    std::size_t looked_at_ = 0;
    bool may_find_fewer_ = false;
};

}  // namespace

std::optional<std::string> value_of(const shell::Word& word, const fs::path& home) {
    if (!word.literal()) return std::nullopt;
    // bash(1), "Tilde Expansion": also after = and : in a word that looks like an assignment.
    if (word.written.find("=~") != std::string::npos ||
        word.written.find(":~") != std::string::npos)
        return std::nullopt;
    if (word.written.empty() || word.written[0] != '~') return word.decoded;
    const bool own = word.written.size() == 1 || word.written[1] == '/';
    if (!own || home.empty()) return std::nullopt;
    return home.string() + word.decoded.substr(1);
}

std::optional<std::vector<Argument>> arguments_of(const shell::Word& word,
                                                  const fs::path& directory, const fs::path& home) {
    if (!word.pattern) {
        auto value = value_of(word, home);
        if (!value) return std::nullopt;
        return std::vector<Argument>{{std::move(*value), false}};
    }
    if (word.expands || word.tilde) return std::nullopt;
    const auto letters = letters_of(word.written);
    if (!letters) return std::nullopt;
    PathnameExpansion expansion(directory);
    if (!expansion.run(*letters)) return std::nullopt;
    std::vector<Argument> out;
    for (std::string& name : expansion.names())
        out.push_back({std::move(name), true});
    // If nothing matches, the shell passes the pattern itself. Whether a bracket expression matches
    // can depend on the locale: then both are judged.
    const bool doubtful = expansion.may_find_fewer() ||
                          std::any_of(letters->begin(), letters->end(), [](const Letter& letter) {
                              return letter.c == '[' && is_wildcard(letter);
                          });
    if (out.empty() || doubtful) out.push_back({text_of_letters(*letters), true});
    return out;
}

std::optional<std::vector<Argument>> arguments_of(const shell::Part& part,
                                                  const fs::path& directory, const fs::path& home) {
    std::vector<Argument> out;
    for (const shell::Word& word : part.words) {
        auto some = arguments_of(word, directory, home);
        if (!some || out.size() + some->size() > kMostNames) return std::nullopt;
        std::move(some->begin(), some->end(), std::back_inserter(out));
    }
    return out;
}

}  // namespace tenon::permission
