#pragma once

#include <filesystem>

#include "host/base/result.h"

namespace tenon {

/// Makes `dir` and what is missing above it, each with mode 0700 whatever the umask is. What exists
/// is not changed, even if it is not a directory. The Error names the directory.
Result<void> make_private_dirs(const std::filesystem::path& dir);

}  // namespace tenon
