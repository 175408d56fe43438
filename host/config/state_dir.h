#pragma once

#include <filesystem>

#include "host/base/result.h"

/// Whether the state directory is the user's own. Its contents are relied upon: trust records, jobs
/// that will be started, conversations. So it is used only when no other user could have written
/// them. The Errors say what is wrong and what to do about it.
namespace tenon::config {

/// Checks the directory itself and those in it that are relied upon (`sessions`, `jobs`, `trust`):
/// none is a symbolic link, each belongs to this process's user, and nobody else may write to it.
/// Links above it are fine, and so are missing directories. Makes nothing.
Result<void> check_state_dir(const std::filesystem::path& dir);

/// Checks whether the directory, if it is missing, may be made: nothing is made inside a directory
/// of another user, root and shared directories such as /tmp excepted. Makes nothing.
Result<void> check_place_of_state_dir(const std::filesystem::path& dir);

/// Checks the place, makes the directory with its missing parents, then checks it.
Result<void> make_state_dir(const std::filesystem::path& dir);

}  // namespace tenon::config
