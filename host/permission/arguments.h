#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

/// The arguments that the shell passes to a program: the words of an understood part after tilde
/// and pathname expansion. Not responsible for what the program does with them.
namespace tenon::permission {

/// A part with more arguments is not judged.
constexpr std::size_t kMostNames = 4'096;

struct Argument {
    std::string text;
    bool found = false;  ///< a pattern of file names gave it
};

/// The arguments of `part`, the program first, as `bash -c` (5.2, shopt options unchanged) would
/// compute them in `directory`. A name that matches in some locales only counts as a match. Nothing
/// if they are not known: an expansion, a `{`, a tilde of another user, too many names. Touches the
/// file system; does not know what changes there before the command runs.
std::optional<std::vector<Argument>> arguments_of(const shell::Part& part,
                                                  const std::filesystem::path& directory,
                                                  const std::filesystem::path& home);

/// The same for one word.
std::optional<std::vector<Argument>> arguments_of(const shell::Word& word,
                                                  const std::filesystem::path& directory,
                                                  const std::filesystem::path& home);

/// The value of a literal word, `~` and `~/x` expanded; nothing if only the shell knows it.
std::optional<std::string> value_of(const shell::Word& word, const std::filesystem::path& home);

}  // namespace tenon::permission
