#pragma once

#include <filesystem>

#include "host/base/result.h"

namespace tenon {

/// Makes `dir` and what is missing above it, each with mode 0700 whatever the umask is. What is
/// there stays as it is, also when it is no directory. The Error names the directory.
Result<void> make_private_dirs(const std::filesystem::path& dir);

}  // namespace tenon
