#include "plugins/file/replace.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>

namespace tenon::file {
namespace {

/// A new file in the folder of a target; removed again unless it is renamed.
class Temporary {
public:
    explicit Temporary(const Opened& target) : target_(target) {
        static std::atomic<unsigned> counter{0};
        do {
            name_ =
                ".tenon-" + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
            fd_ = Fd(::openat(target.fd.get(), name_.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
        } while (!fd_ && errno == EEXIST);
        if (!fd_) throw system_failure("create a file beside " + target.shown, errno);
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        if (!renamed_) ::unlinkat(target_.fd.get(), name_.c_str(), 0);
    }

    void write(std::string_view content) {
        while (!content.empty()) {
            const ssize_t n = ::write(fd_.get(), content.data(), content.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) throw system_failure("write " + target_.shown, errno);
            content.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    void take_after(const struct stat& old) {
        struct stat own {};
        if (::fstat(fd_.get(), &own) != 0) throw system_failure("stat " + target_.shown, errno);
        // Only root may give files away; for others the file becomes theirs, as with any editor.
        // The mode comes last: a change of owner clears set-id bits.
        const bool kept = own.st_uid == old.st_uid && own.st_gid == old.st_gid;
        const bool given = kept || ::fchown(fd_.get(), old.st_uid, old.st_gid) == 0;
        const mode_t mode = old.st_mode & (given ? 07777U : 0777U);
        if (::fchmod(fd_.get(), mode) != 0) throw system_failure("chmod " + target_.shown, errno);
    }
    void rename() {
        if (::renameat(target_.fd.get(), name_.c_str(), target_.fd.get(), target_.name.c_str()) !=
            0)
            throw system_failure("replace " + target_.shown, errno);
        renamed_ = true;
    }

private:
    const Opened& target_;
    std::string name_;
    Fd fd_;
    bool renamed_ = false;
};

std::optional<struct stat> look(const Opened& target) {
    struct stat info {};
    if (::fstatat(target.fd.get(), target.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
        return info;
    if (errno == ENOENT) return std::nullopt;
    throw system_failure("stat " + target.shown, errno);
}

}  // namespace

std::optional<struct stat> file_to_replace(const Opened& target) {
    const auto old = look(target);
    if (!old) return old;
    if (S_ISDIR(old->st_mode)) throw Failure(target.shown + " is a folder, not a file.");
    if (!S_ISREG(old->st_mode)) {
        throw Failure(
            target.shown +
            " is not a regular file (a FIFO, device, socket or link), and is left alone.");
    }
    // A rename would not check this: only the folder's permissions count for it.
    if (::faccessat(target.fd.get(), target.name.c_str(), W_OK, AT_EACCESS) != 0)
        throw system_failure("write " + target.shown, errno);
    return old;
}

bool same_state(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
           a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

void replace_file(const Opened& target, const std::optional<struct stat>& old,
                  std::string_view content) {
    Temporary file(target);
    file.write(content);
    if (old) file.take_after(*old);
    const auto now = look(target);
    if (now.has_value() != old.has_value() || (now && !same_state(*now, *old))) {
        throw Failure(target.shown + " was changed by somebody else meanwhile; read it again.");
    }
    file.rename();
}

}  // namespace tenon::file
