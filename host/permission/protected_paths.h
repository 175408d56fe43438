#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files that other programs run or obey without a question: a change of them asks in every mode
/// but bypassPermissions. The list is in the man page.
namespace tenon::permission {

/// Whether one name of a path is such a file or directory: `.git .tenon .envrc .vscode .claude`, or
/// what a shell reads when it starts. Letters A to Z count as a to z, as some file systems do.
bool is_protected_name(std::string_view name);

/// Whether `name` is such a file or directory right beneath a directory of that name: `fish` in
/// `.config`. `protected_in` gives all of them.
bool is_protected_in(std::string_view directory, std::string_view name);
std::vector<std::string_view> protected_in(std::string_view directory);

/// The first such name in `path` (absolute, by its letters) below the innermost of `roots` that
/// holds it; in the whole path where none does. Does not follow links: ask for a path as it is
/// written, and for where it leads. `roots` may be empty.
std::optional<std::string> protected_name(const std::filesystem::path& path,
                                          const std::vector<std::filesystem::path>& roots);

/// As `protected_name`; also where `path` (links followed) is what the link or the `gitdir:` file
/// of such a name in one of `roots` leads to, or lies beneath that. Touches the file system.
std::optional<std::string> protected_target(const std::filesystem::path& path,
                                            const std::vector<std::filesystem::path>& roots);

}  // namespace tenon::permission
