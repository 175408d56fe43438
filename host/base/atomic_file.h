#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "host/base/result.h"

namespace tenon {

enum class Sync { kNo, kYes };

/// Replaces `path` in one step: a temporary name beside it, written, synced when asked (the file
/// and its folder), renamed. On Error the old file stands as it was and no temporary file is left.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                                   Sync sync, mode_t mode = 0600);

/// The whole file. `max_bytes` guards against foreign files: a longer one is an Error.
Result<std::string> read_whole_file(const std::filesystem::path& path, std::size_t max_bytes);

/// Writes all of `bytes` to `fd`, whatever short writes and EINTR do.
Result<void> write_all(int fd, std::string_view bytes);

}  // namespace tenon
