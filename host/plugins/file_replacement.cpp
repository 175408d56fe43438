#include "host/plugins/file_replacement.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string_view>

#include "host/base/atomic_file.h"

namespace tenon::plugins {
namespace {

constexpr std::size_t kMostReplacements = 64;

std::string temporary_name() {
    static std::atomic<unsigned> counter{0};
    return ".tenon-" + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
}

/// Copies the bytes between `from` and `to`, which the file had when it was asked.
Result<void> copy_bytes(int source, int target, off_t from, off_t to) {
    std::string buffer(256U << 10U, '\0');
    if (::lseek(target, from, SEEK_SET) < 0) return Error::from_errno("seek");
    while (from < to) {
        const auto wanted = std::min<off_t>(to - from, static_cast<off_t>(buffer.size()));
        const ssize_t n = ::pread(source, buffer.data(), static_cast<std::size_t>(wanted), from);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("read");
        if (n == 0) return {};
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
        if (auto written = write_all(target, bytes); !written) return written;
        from += n;
    }
    return {};
}

/// The whole content; holes stay holes, so that a sparse file cannot fill the disk.
Result<void> copy_file(int source, int target) {
    struct stat info {};
    if (::fstat(source, &info) != 0) return Error::from_errno("stat");
    off_t at = 0;
    while (at < info.st_size) {
        const off_t data = ::lseek(source, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;  // the rest is a hole
        if (data < 0) return Error::from_errno("seek");
        const off_t hole = ::lseek(source, data, SEEK_HOLE);
        if (hole < 0) return Error::from_errno("seek");
        at = std::min(hole, info.st_size);
        if (auto copied = copy_bytes(source, target, data, at); !copied) return copied;
    }
    if (::ftruncate(target, info.st_size) != 0) return Error::from_errno("truncate");
    return {};
}

}  // namespace

std::string version_of(const struct stat& info) {
    char text[96];
    std::snprintf(
        text, sizeof text, "%jx-%jx-%jx-%jx.%lx", static_cast<std::uintmax_t>(info.st_dev),
        static_cast<std::uintmax_t>(info.st_ino), static_cast<std::uintmax_t>(info.st_size),
        static_cast<std::uintmax_t>(info.st_mtim.tv_sec),
        static_cast<unsigned long>(info.st_mtim.tv_nsec));
    return text;
}

Result<std::unique_ptr<FileReplacement>> FileReplacement::open(
    Target target, bool copied, const std::optional<std::string>& expected) {
    std::unique_ptr<FileReplacement> made(new FileReplacement(std::move(target), copied));
    auto old = made->look();
    if (!old) return old.error();
    made->old_ = *old;
    if (made->old_) {
        if (auto fine = made->check_kind(*made->old_); !fine) return fine.error();
    }
    if (expected && *expected != made->version()) return made->changed();
    auto file = made->make_file(copied);
    if (!file) return file.error();
    made->file_ = std::move(*file);
    return made;
}

FileReplacement::~FileReplacement() {
    if (!temporary_.empty()) ::unlinkat(folder(), temporary_.c_str(), 0);
}

Result<std::optional<struct stat>> FileReplacement::look() const {
    struct stat info {};
    if (::fstatat(folder(), target_.entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
        return std::optional(info);
    if (errno == ENOENT) return std::optional<struct stat>();
    return Error::from_errno("stat " + target_.shown);
}

Result<void> FileReplacement::check_kind(const struct stat& info) const {
    if (S_ISDIR(info.st_mode)) return Error{target_.shown + " is a folder, not a file."};
    if (!S_ISREG(info.st_mode))
        return Error{target_.shown +
                     " is not a regular file (a FIFO, device, socket or link), and is left alone."};
    // A rename would not check this: only the folder's permissions count for it.
    if (::faccessat(folder(), target_.entry.name.c_str(), W_OK, AT_EACCESS) != 0)
        return Error::from_errno("write " + target_.shown);
    return {};
}

Error FileReplacement::changed() const {
    return {target_.shown + " was changed by somebody else meanwhile; read it again."};
}

/// A new file in the folder of the target. `never_named`: it will not be put in place itself.
Result<UniqueFd> FileReplacement::make_file(bool never_named) {
    const int flags = O_RDWR | O_CLOEXEC;
    UniqueFd file(::openat(folder(), ".", flags | O_TMPFILE | (never_named ? O_EXCL : 0), 0666));
    if (file) return file;
    // File systems and kernels without unnamed files have several answers to that.
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
        return Error::from_errno("create a file beside " + target_.shown);
    std::string name;
    do {
        name = temporary_name();
        file.reset(::openat(folder(), name.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW, 0666));
    } while (!file && errno == EEXIST);
    if (!file) return Error::from_errno("create a file beside " + target_.shown);
    if (never_named) {
        ::unlinkat(folder(), name.c_str(), 0);
    } else {
        temporary_ = std::move(name);
    }
    return file;
}

Result<UniqueFd> FileReplacement::descriptor() const {
    UniqueFd copy(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy) return Error::from_errno("open " + target_.shown);
    return copy;
}

bool FileReplacement::has_target_of(const FileReplacement& other) const {
    struct stat own {};
    struct stat others {};
    return target_.entry.name == other.target_.entry.name && ::fstat(folder(), &own) == 0 &&
           ::fstat(other.folder(), &others) == 0 && own.st_dev == others.st_dev &&
           own.st_ino == others.st_ino;
}

Result<void> FileReplacement::copy_content() {
    auto copy = make_file(false);
    if (!copy) return copy.error();
    if (auto copied = copy_file(file_.get(), copy->get()); !copied)
        return copied.error().while_doing("write " + target_.shown);
    file_ = std::move(*copy);
    return {};
}

Result<void> FileReplacement::take_after_old() const {
    struct stat own {};
    if (::fstat(file_.get(), &own) != 0) return Error::from_errno("stat " + target_.shown);
    // Only root may give files away; for others the file becomes theirs, as with any editor.
    // The mode comes last: a change of owner clears set-id bits.
    const bool kept = own.st_uid == old_->st_uid && own.st_gid == old_->st_gid;
    const bool given = kept || ::fchown(file_.get(), old_->st_uid, old_->st_gid) == 0;
    const mode_t mode = old_->st_mode & (given ? 07777U : 0777U);
    if (::fchmod(file_.get(), mode) != 0) return Error::from_errno("chmod " + target_.shown);
    return {};
}

Result<void> FileReplacement::check_unchanged() const {
    auto now = look();
    if (!now) return now.error();
    const std::string version = *now ? version_of(**now) : std::string();
    if (version != this->version()) return changed();
    return {};
}

Result<void> FileReplacement::prepare() {
    if (copied_) {
        if (auto copied = copy_content(); !copied) return copied;
    }
    if (old_) {
        if (auto taken = take_after_old(); !taken) return taken;
    }
    return check_unchanged();
}

/// Gives the unnamed file a name that is free. Returns 0 or an errno value.
int FileReplacement::give_name(const std::string& name) const {
    const std::string self = "/proc/self/fd/" + std::to_string(file_.get());
    return ::linkat(AT_FDCWD, self.c_str(), folder(), name.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0
                                                                                            : errno;
}

Result<void> FileReplacement::put_new() {
    const std::string& name = target_.entry.name;
    int failed = 0;
    if (temporary_.empty()) {
        failed = give_name(name);
    } else if (::renameat2(folder(), temporary_.c_str(), folder(), name.c_str(),
                           RENAME_NOREPLACE) != 0) {
        failed = errno;
        // A file system without RENAME_NOREPLACE.
        if (failed == EINVAL)
            failed =
                ::renameat(folder(), temporary_.c_str(), folder(), name.c_str()) == 0 ? 0 : errno;
    }
    if (failed == EEXIST) return changed();
    if (failed != 0) return Error::from_errno("create " + target_.shown, failed);
    temporary_.clear();
    return {};
}

Result<void> FileReplacement::put_over_old() {
    int failed = 0;
    for (std::string name; temporary_.empty() && (failed == 0 || failed == EEXIST);) {
        name = temporary_name();
        failed = give_name(name);
        if (failed == 0) temporary_ = std::move(name);
    }
    if (auto unchanged = check_unchanged(); !unchanged) return unchanged;
    if (failed == 0 &&
        ::renameat(folder(), temporary_.c_str(), folder(), target_.entry.name.c_str()) != 0)
        failed = errno;
    if (failed != 0) return Error::from_errno("replace " + target_.shown, failed);
    temporary_.clear();
    return {};
}

Result<void> FileReplacement::put() {
    return old_ ? put_over_old() : put_new();
}

Result<void> CallReplacements::add(std::unique_ptr<FileReplacement> replacement) {
    const Lock lock(mutex_);
    if (replacements_.size() >= kMostReplacements)
        return Error{"a call may open at most " + std::to_string(kMostReplacements) +
                     " files for writing"};
    replacements_.push_back(std::move(replacement));
    return {};
}

Result<void> CallReplacements::put_all() {
    std::vector<std::unique_ptr<FileReplacement>> last;
    {
        const Lock lock(mutex_);
        for (auto& replacement : replacements_) {
            std::erase_if(
                last, [&](const auto& earlier) { return earlier->has_target_of(*replacement); });
            last.push_back(std::move(replacement));
        }
        replacements_.clear();
    }
    for (const auto& replacement : last) {
        if (auto prepared = replacement->prepare(); !prepared) return prepared;
    }
    std::string replaced;
    for (const auto& replacement : last) {
        if (auto put = replacement->put(); !put) {
            const std::string why = put.error().message;
            return replaced.empty()
                       ? Error{why}
                       : Error{why + " Before that, these files were replaced: " + replaced};
        }
        replaced += (replaced.empty() ? "" : ", ") + replacement->shown();
    }
    return {};
}

}  // namespace tenon::plugins
