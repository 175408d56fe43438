#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

/// What the shell hands to a program: the words of an understood part after tilde expansion and
/// pathname expansion. Not responsible for what the program does with them.
namespace tenon::permission {

/// More names than this are not judged.
constexpr std::size_t kMostNames = 4'096;

/// One argument, and whether it is the name of a file that a pattern found.
struct Argument {
    std::string text;
    bool found = false;
};

/// The words of `part`, the program first, as `bash -c` (5.2, no option of shopt changed) will have
/// them in `directory`. Where it depends on the locale whether a name matches, it counts as
/// matching. Nothing when that is not known: an expansion, a `{`, a tilde of another user, too many
/// names. Touches the file system; a file that is made or removed between this call and the run of
/// the command is not seen.
std::optional<std::vector<Argument>> arguments_of(const shell::Part& part,
                                                  const std::filesystem::path& directory,
                                                  const std::filesystem::path& home);

/// The same for one word.
std::optional<std::vector<Argument>> arguments_of(const shell::Word& word,
                                                  const std::filesystem::path& directory,
                                                  const std::filesystem::path& home);

/// The value of a literal word, `~` and `~/x` expanded; nothing when only the shell knows.
std::optional<std::string> value_of(const shell::Word& word, const std::filesystem::path& home);

}  // namespace tenon::permission
