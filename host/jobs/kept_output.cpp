#include "host/jobs/kept_output.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/jobs/offsets.h"
#include "host/jobs/record.h"

namespace tenon::jobs {
namespace {

constexpr int kOpenAttempts = 4;

void append(std::string& out, int fd, std::uint64_t from, std::uint64_t count) {
    const std::size_t old = out.size();
    out.resize(old + count);
    std::size_t got = 0;
    while (got < count) {
        const ssize_t n =
            ::pread(fd, out.data() + old + got, count - got, static_cast<off_t>(from + got));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        got += static_cast<std::size_t>(n);
    }
    out.resize(old + got);
}

}  // namespace

KeptOutput::KeptOutput(const std::filesystem::path& job_folder) {
    for (int attempt = 0; attempt < kOpenAttempts && !open(job_folder); ++attempt) {
    }
}

/// False when the files were rotated, or may have been, while they were opened.
bool KeptOutput::open(const std::filesystem::path& job_folder) {
    files_.clear();
    size_ = 0;
    omitted_.reset();
    for (const char* name : kOutputFiles) {
        File file;
        file.fd.reset(
            ::open((job_folder / name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        struct stat info {};
        if (file.fd && ::fstat(file.fd.get(), &info) == 0 && S_ISREG(info.st_mode)) {
            file.size = static_cast<std::uint64_t>(info.st_size);
            file.inode = info.st_ino;
        }
        size_ += file.size;
        files_.push_back(std::move(file));
    }
    const File& head = files_.front();
    struct stat now {};
    if (head.fd && ::fstat(head.fd.get(), &now) == 0 && S_ISREG(now.st_mode) &&
        static_cast<std::uint64_t>(now.st_size) != head.size) {
        return false;
    }
    const Offsets offsets(job_folder);
    std::uint64_t missing = 0;
    std::optional<std::uint64_t> end;  // of the tail so far, as a position in the whole output
    for (std::size_t i = 1; i < files_.size(); ++i) {
        if (files_[i].size == 0) continue;
        const auto begin = offsets.of(files_[i].inode);
        if (!begin || *begin < head.size || (end && *begin != *end)) return false;
        if (!end) missing = *begin - head.size;
        end = *begin + files_[i].size;
    }
    omitted_ = missing;
    return true;
}

std::string KeptOutput::read(std::uint64_t begin, std::uint64_t end) const {
    std::string out;
    std::uint64_t file_begin = 0;
    for (const File& file : files_) {
        const std::uint64_t from = std::max(begin, file_begin);
        const std::uint64_t to = std::min(end, file_begin + file.size);
        if (from < to) append(out, file.fd.get(), from - file_begin, to - from);
        file_begin += file.size;
    }
    return out;
}

}  // namespace tenon::jobs
