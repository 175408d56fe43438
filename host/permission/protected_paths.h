#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files that other programs run or obey without a question. A change of such a file asks in every
/// mode but bypassPermissions. The man page has the list for users.
namespace tenon::permission {

/// Whether a file or directory of this name is protected: `.git .tenon .envrc .vscode .claude`, or
/// a file that a shell reads when it starts. Ignores the case of the letters A to Z, as some file
/// systems do.
bool is_protected_name(std::string_view name);

/// Whether `name` is protected directly in a directory of the name `directory`: `fish` in
/// `.config`. `protected_in` returns all such names.
bool is_protected_in(std::string_view directory, std::string_view name);
std::vector<std::string_view> protected_in(std::string_view directory);

/// The first protected name in `path` (absolute) beneath the innermost of `roots` that contains it;
/// in the whole path if none does. `roots` may be empty. Purely lexical: call it for the path as it
/// is written, and for where it leads.
std::optional<std::string> protected_name(const std::filesystem::path& path,
                                          const std::vector<std::filesystem::path>& roots);

/// As `protected_name` for a path with links followed. Also finds the name if a link or a `gitdir:`
/// file of that name in one of `roots` leads to `path` or to a directory above it. Touches the file
/// system.
std::optional<std::string> protected_target(const std::filesystem::path& path,
                                            const std::vector<std::filesystem::path>& roots);

}  // namespace tenon::permission
