#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "host/base/result.h"

namespace tenon {

enum class Sync { kNo, kYes };

/// Replaces `path` in one step: a temporary name beside it, written, synced when asked (the file
/// and its folder), renamed. On Error the old file is unchanged and no temporary file is left.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                                   Sync sync, mode_t mode = 0600);

/// The whole file. A file longer than `max_bytes` is an Error.
Result<std::string> read_whole_file(const std::filesystem::path& path, std::size_t max_bytes);

/// Writes all of `bytes` to `fd`, in spite of short writes and EINTR.
Result<void> write_all(int fd, std::string_view bytes);

}  // namespace tenon
