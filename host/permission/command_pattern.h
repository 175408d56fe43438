#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/permission/shell.h"

namespace tenon::permission {

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
    struct Form {
        std::u32string tokens;  ///< kStar, or a byte
        std::string head;       ///< the bytes before the first star
        bool optional_tail = false;

        explicit Form(std::string_view text);
        [[nodiscard]] bool matches(std::string_view line) const;
        [[nodiscard]] bool could_match(std::string_view line, const Part& part) const;
    };

    std::vector<Form> forms_;
    bool as_written_ = false;  ///< holds quotes or an assignment, which decoded words do not have
};

/// The decoded words of a command joined by one blank, in the ways that a rule may name it: as
/// they stand; with the path of the program in its shortest form; with its file name alone where
/// the path leads to a directory of the system.
std::vector<std::string> command_lines(const std::vector<Word>& words);

/// The path without `.`, `..` and doubled slashes, as it is read; `./x` stays so.
std::string shortest_path(std::string_view path);

/// Whether programs are looked up in this directory (in its shortest form), or it may be such one.
bool is_system_directory(std::string_view directory);

}  // namespace tenon::permission
