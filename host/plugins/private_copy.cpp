#include "host/plugins/private_copy.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

#include "host/plugins/content_hash.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using plugin::Note;
using plugin::Refusal;

constexpr int kAttempts = 8;  // to make a copy while another process removes unused ones
constexpr unsigned kNumbers = 100'000;

Refusal cannot_copy(const std::string& doing, int code) {
    return {Error::from_errno(doing, code).message,
            "check the state folder: space, owner and mode"};
}

/// A file that is removed at the end, unless `keep` was called.
class TemporaryFile {
public:
    explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
    ~TemporaryFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }
    void keep() { path_.clear(); }

private:
    fs::path path_;
};

Result<void, Refusal> make_private_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return cannot_copy("make " + folder.string(), error.value());
    if (::chmod(folder.c_str(), 0700) != 0) return cannot_copy("chmod " + folder.string(), errno);
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) == 0 && (info.f_flag & ST_NOEXEC) != 0)
        return Refusal{"the folder " + folder.string() + " is on a file system mounted noexec",
                       "point TENON_STATE_DIR to one that is not"};
    return {};
}

/// A lock that keeps `remove_unused_copies` away from the file. On a file system without locks
/// nothing is removed, and the descriptor is open all the same.
UniqueFd marked_as_used(const fs::path& file) {
    UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    while (fd && ::flock(fd.get(), LOCK_SH) != 0 && errno == EINTR) {
    }
    return fd;
}

bool was_removed(const UniqueFd& fd) {
    struct stat info {};
    return ::fstat(fd.get(), &info) == 0 && info.st_nlink == 0;
}

/// An empty file with a name of its own, marked as used before anybody can take it for unused.
struct NewFile {
    UniqueFd fd;      // for writing
    UniqueFd in_use;  // see marked_as_used
};

Result<NewFile, Refusal> make_new_file(const fs::path& path) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        ::unlink(path.c_str());  // left by a host that had the same process id
        NewFile out;
        out.fd.reset(
            ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!out.fd) return cannot_copy("create " + path.string(), errno);
        out.in_use = marked_as_used(path);
        // Another process may have removed it between the two steps.
        if (!out.in_use && errno != ENOENT) return cannot_copy("open " + path.string(), errno);
        if (out.in_use && !was_removed(out.fd)) return out;
    }
    return Refusal{"create " + path.string() + ": another process removes it again and again",
                   "try again"};
}

/// Renames the file to the first name that no other file has.
Result<fs::path, Refusal> put_in_place(const fs::path& from, const fs::path& folder,
                                       const std::string& stem, unsigned number) {
    for (const unsigned first = number; number - first < kNumbers; ++number) {
        fs::path place = folder / (stem + "." + std::to_string(number) + ".so");
        if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) == 0)
            return place;
        if (errno == EINVAL && ::link(from.c_str(), place.c_str()) == 0) {
            // A file system that cannot rename in this way.
            ::unlink(from.c_str());
            return place;
        }
        if (errno != EEXIST) return cannot_copy("rename to " + place.string(), errno);
    }
    return cannot_copy("rename " + from.string(), EEXIST);
}

/// Whether the name is one that `private_copy` gives, finished or not.
bool is_name_of_a_copy(const std::string& name) {
    return name.ends_with(".so") || (name.starts_with('.') && name.ends_with(".tmp"));
}

}  // namespace

Result<PrivateCopy, Refusal> make_private_copy(int fd, const Note& note, const fs::path& folder,
                                               unsigned generation, const std::string& sha256) {
    if (auto made = make_private_folder(folder); !made) return made.error();
    TemporaryFile temporary(folder / ("." + note.id + "." + std::to_string(::getpid()) + "." +
                                      std::to_string(generation) + ".tmp"));
    auto copy = make_new_file(temporary.path());
    if (!copy) return copy.error();
    const auto hash = copy_with_content_hash(fd, copy->fd.get());
    if (!hash)
        return Refusal{hash.error().while_doing("copy to " + temporary.path().string()).message,
                       "check the state folder"};
    const auto again = plugin::read_note(copy->fd.get());
    if (!again || again->id != note.id)
        return Refusal{"the file changed while it was read", "try again when nothing writes to it"};
    if (!sha256.empty() && *hash != sha256)
        return Refusal{"its bytes are not those that were checked",
                       "try again; for a file of a workspace, see 'tenon config trust'"};
    auto place =
        put_in_place(temporary.path(), folder, note.id + "." + hash->substr(0, 12), generation);
    if (!place) return place.error();
    temporary.keep();
    return PrivateCopy{*std::move(place), *hash, std::move(copy->in_use)};
}

Result<fs::path, Refusal> private_copy(int fd, const Note& note, const fs::path& folder,
                                       unsigned generation, const std::string& sha256) {
    auto copy = make_private_copy(fd, note, folder, generation, sha256);
    if (!copy) return copy.error();
    (void)copy->in_use.release();  // until this process ends
    return std::move(copy->path);
}

void remove_unused_copies(const fs::path& folder) {
    if (!folder.is_absolute()) return;  // never in the working directory
    std::error_code failed;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
        const fs::path path = it->path();
        if (!is_name_of_a_copy(path.filename().string())) continue;
        const UniqueFd fd(
            ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
        if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
    }
}

}  // namespace tenon::plugins
