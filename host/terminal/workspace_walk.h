#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

namespace tenon::terminal {

/// Calls `found` for each file and folder below `workspace`, until it returns false: with the path
/// relative to the workspace; that of a folder ends with a slash. Leaves out what .gitignore files
/// and .git/info/exclude name, as git does (also files above the workspace, up to the repository's
/// root), `.git`, names with control characters, `"` or a backslash, and without `with_hidden`
/// names that begin with a dot. Symlinks count as files. The walk does not go into repositories'
/// `.git`, nor deeper than kDeepest. A folder that cannot be read has no files. Reads only names
/// and ignore files; may block on a slow file system.
constexpr std::size_t kDeepest = 64;
void walk_workspace(const std::filesystem::path& workspace, bool with_hidden,
                    const std::function<bool(std::string_view path)>& found);

/// Whether a name can stand in a prompt as `@name` or `@"name"`.
bool can_be_mentioned(std::string_view name);

}  // namespace tenon::terminal
