#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/permission/read_only_commands.h"

/// Inside of the list of read-only commands: `git status|log|diff|show|branch --list|rev-parse`.
namespace tenon::permission {

/// The sub-command with its options. Every operand counts as a path too.
ReadOnlyUse use_of_git(const std::vector<Argument>& arguments);

/// Why git, run in `directory` (links followed), could run a program that the repository itself
/// names, or show what lies outside `roots`; empty when it cannot. Reads the repository's own
/// configuration strictly: a key that is not known to be harmless counts as one that is not. The
/// user's own configuration is the user's business, and so are the variables of the environment.
std::string why_git_asks(const GitUse& use, const std::filesystem::path& directory,
                         const std::vector<std::filesystem::path>& roots);

}  // namespace tenon::permission
