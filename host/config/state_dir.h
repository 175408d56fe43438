#pragma once

#include <filesystem>

#include "host/base/result.h"

/// Whether the state directory is the user's own. What stands in it decides: trust records, jobs
/// that will be started, conversations. So it is used only when nobody else could have put it
/// there. The errors say what is wrong and what to do about it.
namespace tenon::config {

/// The directory itself and those in it that decide something (`sessions`, `jobs`, `trust`): none
/// is a symbolic link, each belongs to this process's user, and nobody else may write to it. Links
/// above it are fine. What is missing is fine too. Makes nothing.
Result<void> check_state_dir(const std::filesystem::path& dir);

/// Makes the directory with what is missing above it, then checks it. Nothing is made inside a
/// directory of another user, root and shared directories such as /tmp excepted.
Result<void> make_state_dir(const std::filesystem::path& dir);

}  // namespace tenon::config
