#include "host/jobs/offsets.h"

#include <cinttypes>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

namespace tenon::jobs {
namespace {

constexpr std::size_t kLine = 42;  // two numbers of twenty digits, a blank, the end of the line
constexpr unsigned kLines = 2;

}  // namespace

void OffsetsWriter::begin(int file, std::uint64_t offset) {
    struct stat info {};
    if (::fstat(file, &info) != 0) return;
    if (!fd_) {
        fd_.reset(::openat(folder_, kOffsetsFile,
                           O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    }
    char line[kLine + 1];
    std::snprintf(line, sizeof line, "%020" PRIu64 " %020" PRIu64 "\n",
                  static_cast<std::uint64_t>(info.st_ino), offset);
    if (fd_) std::ignore = ::pwrite(fd_.get(), line, kLine, static_cast<off_t>(next_ * kLine));
    next_ = (next_ + 1) % kLines;
}

Offsets::Offsets(const std::filesystem::path& job_folder) {
    const UniqueFd fd(::open((job_folder / kOffsetsFile).c_str(),
                             O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    for (unsigned i = 0; fd && i < kLines; ++i) {
        char line[kLine + 1] = {};
        std::uint64_t inode = 0, offset = 0;
        const ssize_t n = ::pread(fd.get(), line, kLine, static_cast<off_t>(i * kLine));
        if (n == kLine && std::sscanf(line, "%" SCNu64 " %" SCNu64, &inode, &offset) == 2)
            by_inode_[inode] = offset;
    }
}

std::optional<std::uint64_t> Offsets::of(ino_t file) const {
    const auto it = by_inode_.find(file);
    return it == by_inode_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace tenon::jobs
