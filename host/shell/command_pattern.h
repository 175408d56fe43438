#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

namespace tenon::shell {

/// The specifier of a Bash deny rule, `*` standing for any text: which commands it names.
/// Over-approximates: a program in a directory of the system also goes by its file name, on both
/// sides, and by each way to write its path; a pattern of file names matches when it could name
/// what the rule names. Immutable; thread-safe.
class CommandPattern {
public:
    explicit CommandPattern(std::string_view specifier);

    /// Takes time in proportion to the command, and hardly any where the beginnings differ.
    [[nodiscard]] bool matches(const Part& part) const;

private:
    [[nodiscard]] bool matches(const std::vector<std::string>& lines,
                               const std::vector<std::shared_ptr<const Glob>>& globs) const;

    /// The specifier in one of its readings. For commands with patterns its places are bits of a
    /// mask; a longer one is cut there and ends in a star.
    struct Form {
        std::u32string tokens;  ///< kStar, or a byte
        std::string head;       ///< the bytes before the first star
        bool optional_tail = false;
        std::array<std::uint64_t, 256> takes{};  ///< by byte: the places that stand before it
        std::uint64_t stars = 0, names = 0, ends = 0;

        explicit Form(std::string_view text);
        [[nodiscard]] bool matches(std::string_view line) const;
        [[nodiscard]] bool could_match(const Glob& glob) const;
        [[nodiscard]] std::uint64_t past_stars(std::uint64_t here) const;
        [[nodiscard]] std::uint64_t behind_star(std::uint64_t here, bool first) const;
    };

    std::vector<Form> forms_;
    bool as_written_ = false;  ///< holds quotes or an assignment, which decoded words do not have
};

/// The decoded words of a command joined by one blank, in the ways that a rule may name it: as
/// they stand; with the path of the program in its shortest form; with its file name alone where
/// the path leads to a directory of the system.
std::vector<std::string> command_lines(const std::vector<Word>& words);

/// A command whose words may be patterns of file names, as tokens: bytes, and what stands for
/// others.
struct Glob {
    std::u32string line;
    std::vector<std::string> sets;  ///< the bytes of [a-z], by token
    bool cut = false;               ///< was longer: what follows may be anything
};

/// One for each of `lines`; none when no word is a pattern.
std::vector<std::shared_ptr<const Glob>> command_globs(const std::vector<Word>& words,
                                                       const std::vector<std::string>& lines);

/// The path without `.`, `..` and doubled slashes, as it is read; `./x` stays so.
std::string shortest_path(std::string_view path);

/// Whether programs are looked up in this directory (in its shortest form), or it may be such one.
bool is_system_directory(std::string_view directory);

}  // namespace tenon::shell
