#include "host/base/atomic_file.h"

#include <atomic>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/unique_fd.h"

namespace tenon {
namespace {

std::filesystem::path temporary_name(const std::filesystem::path& path) {
    static std::atomic<unsigned> counter{0};
    return path.parent_path() / ("." + path.filename().string() + "." + std::to_string(::getpid()) +
                                 "." + std::to_string(counter++) + ".tmp");
}

Result<void> write_new_file(const std::filesystem::path& path, std::string_view bytes, Sync sync,
                            mode_t mode) {
    const UniqueFd fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return Error::from_errno("create " + path.string());
    if (auto written = write_all(fd.get(), bytes); !written) {
        return written.error().while_doing("write " + path.string());
    }
    if (sync == Sync::kYes && ::fsync(fd.get()) != 0)
        return Error::from_errno("sync " + path.string());
    return {};
}

}  // namespace

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0) {
            if (errno == EINTR) continue;
            return Error::from_errno("write");
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                                   Sync sync, mode_t mode) {
    const std::filesystem::path temporary = temporary_name(path);
    if (auto written = write_new_file(temporary, bytes, sync, mode); !written) {
        ::unlink(temporary.c_str());
        return written;
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        Error error = Error::from_errno("rename " + temporary.string() + " to " + path.string());
        ::unlink(temporary.c_str());
        return error;
    }
    if (sync == Sync::kYes) {
        const UniqueFd folder(
            ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!folder || ::fsync(folder.get()) != 0) {
            return Error::from_errno("sync " + path.parent_path().string());
        }
    }
    return {};
}

Result<std::string> read_whole_file(const std::filesystem::path& path, std::size_t max_bytes) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return Error::from_errno("open " + path.string());
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return Error::from_errno("stat " + path.string());
    if (!S_ISREG(info.st_mode)) return Error{"read " + path.string() + ": not a regular file"};
    std::string out;
    char buffer[16384];
    while (true) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("read " + path.string());
        if (n == 0) return out;
        out.append(buffer, static_cast<std::size_t>(n));
        if (out.size() > max_bytes) {
            return Error{"read " + path.string() + ": larger than " + std::to_string(max_bytes) +
                         " bytes"};
        }
    }
}

}  // namespace tenon
