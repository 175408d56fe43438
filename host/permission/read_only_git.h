#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/permission/read_only_commands.h"

/// Inside of the list of read-only commands: `git status|log|diff|show|branch --list|rev-parse`.
namespace tenon::permission {

/// As `read_only_use`. Every operand counts as a path.
ReadOnlyUse use_of_git(const std::vector<Argument>& arguments);

/// Why git, run in `directory` (links followed), could run a program that the repository names, or
/// show what is outside `roots`; empty if it cannot. In the configuration of the repository, a key
/// that is not known to be harmless counts as harmful. Not responsible for the user's own
/// configuration and environment. Touches the file system.
std::string why_git_is_unsafe(const GitUse& use, const std::filesystem::path& directory,
                              const std::vector<std::filesystem::path>& roots);

}  // namespace tenon::permission
