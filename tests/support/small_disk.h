#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/base/unique_fd.h"

namespace tenon::testing {

/// A small tmpfs on a directory, which can be filled to the last block or the last file. Only this
/// process and its later children see it.
class SmallDisk {
public:
    /// `options` are those of tmpfs(5), such as "size=1m" or "nr_inodes=50".
    SmallDisk(std::filesystem::path at, const std::string& options) : at_(std::move(at)) {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", at_.c_str(), "tmpfs", 0, options.c_str()) != 0)
            why_not_ = std::strerror(errno);
    }
    ~SmallDisk() {
        if (why_not_.empty()) ::umount2(at_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    /// Why it is not mounted; empty: it is. Only root may mount it.
    [[nodiscard]] const std::string& why_not() const { return why_not_; }

    /// Fills or frees blocks until this many are free.
    void leave_blocks(std::uint64_t free) const {
        ::unlink(filler().c_str());
        const UniqueFd file(::open(filler().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        const auto blocks = static_cast<off_t>(numbers().f_bfree) - static_cast<off_t>(free);
        if (blocks < 0) throw std::runtime_error("the small disk is too small");
        if (blocks > 0 &&
            ::posix_fallocate(file.get(), 0, blocks * static_cast<off_t>(numbers().f_bsize)) != 0)
            throw std::runtime_error("the small disk cannot be filled");
        if (numbers().f_bfree != free) throw std::runtime_error("another process fills the disk");
    }
    /// Makes files until only this many more can be made.
    void leave_files(std::uint64_t free) const {
        for (int i = 0; numbers().f_ffree > free; ++i) {
            const std::string name = filler().string() + std::to_string(i);
            const UniqueFd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
            if (!file) throw std::runtime_error("the small disk cannot be filled with files");
        }
    }
    /// Removes the files that fill it.
    void give_back() const {
        for (const auto& entry : std::filesystem::directory_iterator(at_)) {
            if (entry.path().filename().string().starts_with("filler"))
                std::filesystem::remove(entry.path());
        }
    }

private:
    [[nodiscard]] std::filesystem::path filler() const { return at_ / "filler"; }
    [[nodiscard]] struct statvfs numbers() const {
        struct statvfs info {};
        if (::statvfs(at_.c_str(), &info) != 0) throw std::runtime_error("statvfs");
        return info;
    }

    std::filesystem::path at_;
    std::string why_not_;
};

}  // namespace tenon::testing
