#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <sys/types.h>

#include "host/base/unique_fd.h"

/// The file `offsets`: where in the whole output the files of the tail begin, so that a reader
/// knows while the job runs how much was dropped. It has two lines of fixed length. Each contains
/// the inode number of a file and the number of bytes that were printed before this file's first
/// byte. The line is written before the file's first byte, over the line of a file that was removed
/// before.
namespace tenon::jobs {

inline constexpr char kOffsetsFile[] = "offsets";

/// The supervisor's side. The file is made with the first line. A line that cannot be written is
/// missing; then readers do not know the offset.
class OffsetsWriter {
public:
    /// `folder` stays the caller's and open.
    explicit OffsetsWriter(int folder) : folder_(folder) {}
    /// `file` is about to get its first byte, after `offset` bytes in other files.
    void begin(int file, std::uint64_t offset);

private:
    int folder_;
    UniqueFd fd_;
    unsigned next_ = 0;
};

/// The contents now. A file that has bytes has its line, or is no longer one of the newest two.
class Offsets {
public:
    explicit Offsets(const std::filesystem::path& job_folder);
    [[nodiscard]] std::optional<std::uint64_t> of(ino_t file) const;

private:
    std::map<std::uint64_t, std::uint64_t> by_inode_;
};

}  // namespace tenon::jobs
