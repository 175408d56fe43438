#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

namespace tenon::shell {

/// The specifier of a Bash deny rule, in which `*` stands for any text. Matches the commands that
/// it names, or more: a program in a system directory matches by its file name too, in the rule and
/// in the command, and by each spelling of its path. A command with patterns of file names matches
/// if the patterns could give what the rule names. Immutable; thread-safe.
class CommandPattern {
public:
    explicit CommandPattern(std::string_view specifier);

    /// Takes linear time, and almost none if the beginnings differ.
    [[nodiscard]] bool matches(const Part& part) const;

private:
    [[nodiscard]] bool matches(const std::vector<std::string>& lines,
                               const std::vector<std::shared_ptr<const Glob>>& globs) const;

    /// The specifier in one of its spellings. To match commands with patterns, each token is a bit
    /// of a mask; a longer form is cut at the size of the mask and ends in a star.
    struct Form {
        std::u32string tokens;  ///< kStar, or a byte
        std::string head;       ///< the bytes before the first star
        bool optional_tail = false;
        std::array<std::uint64_t, 256> takes{};  ///< by byte: the places where it comes next
        std::uint64_t stars = 0, names = 0, ends = 0;

        explicit Form(std::string_view text);
        [[nodiscard]] bool matches(std::string_view line) const;
        [[nodiscard]] bool could_match(const Glob& glob) const;
        [[nodiscard]] std::uint64_t past_stars(std::uint64_t here) const;
        [[nodiscard]] std::uint64_t after_star(std::uint64_t here, bool first) const;
    };

    std::vector<Form> forms_;
    bool as_written_ = false;  ///< has quotes or an assignment, which decoded words lack
};

/// The decoded words of a command joined by blanks, in each spelling that a rule may use: as
/// written; with the shortest path of the program; with its file name alone if it may be in a
/// system directory.
std::vector<std::string> command_lines(const std::vector<Word>& words);

/// A command with patterns of file names as tokens: bytes and wildcards.
struct Glob {
    std::u32string line;
    std::vector<std::string> sets;  ///< the bytes of [a-z], by token
    bool cut = false;               ///< the command was longer: anything may follow
};

/// One for each of `lines`; none if no word is a pattern.
std::vector<std::shared_ptr<const Glob>> command_globs(const std::vector<Word>& words,
                                                       const std::vector<std::string>& lines);

/// The path without `.`, `..` and double slashes. Purely lexical. `./x` stays as it is.
std::string shortest_path(std::string_view path);

/// Whether `directory` (a shortest path) is, or may be, a directory where the system has programs.
bool is_system_directory(std::string_view directory);

}  // namespace tenon::shell
