#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <sys/types.h>

#include "host/base/unique_fd.h"

/// `offsets`: where in the whole output the files of its tail begin, so that whoever reads while
/// the job runs knows how much was dropped. Two lines of fixed length, each with a file's inode
/// number and the number of bytes printed before its first one. A file's line is written before its
/// first byte, over the line of the file before the last, which has been removed by then.
namespace tenon::jobs {

inline constexpr char kOffsetsFile[] = "offsets";

/// The supervisor's side. The file is made with the first entry. What cannot be written is left
/// out: readers then do not know.
class OffsetsWriter {
public:
    /// `folder` stays the caller's and open.
    explicit OffsetsWriter(int folder) : folder_(folder) {}
    /// `file` is about to get its first byte, after `offset` others.
    void begin(int file, std::uint64_t offset);

private:
    int folder_;
    UniqueFd fd_;
    unsigned next_ = 0;
};

/// What stands there now. Of a file that holds bytes the entry stands, or the file is no longer
/// one of the newest two.
class Offsets {
public:
    explicit Offsets(const std::filesystem::path& job_folder);
    [[nodiscard]] std::optional<std::uint64_t> of(ino_t file) const;

private:
    std::map<std::uint64_t, std::uint64_t> by_inode_;
};

}  // namespace tenon::jobs
