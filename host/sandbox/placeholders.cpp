#include "host/sandbox/placeholders.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "host/base/path_text.h"
#include "host/base/private_dirs.h"
#include "host/sandbox/directories.h"
#include "host/sandbox/policy.h"

namespace tenon::sandbox {
namespace {

constexpr mode_t kOuterMode = 01755;  // other files may be made in it, beside the protected path
constexpr mode_t kInnerMode = 01555;
constexpr mode_t kModeBits = 07777;

std::string lock_name(const std::string& workspace) {
    std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
    for (const char c : workspace)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    char text[32];
    std::snprintf(text, sizeof text, "%016llx.lock", static_cast<unsigned long long>(hash));
    return text;
}

/// A directory that was made here. After its removal, another one may get the same inode number,
/// but not the same birth time.
struct Placeholder {
    unsigned long long device = 0;
    unsigned long long inode = 0;
    long long seconds = 0;
    unsigned nanoseconds = 0;
    unsigned mode = 0;  // when it was made, with the bits that the outer directory has added
    std::string path;
};

std::optional<Placeholder> read_placeholder(int directory, const std::string& path) {
    struct statx info {};
    if (::statx(directory, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &info) != 0)
        return std::nullopt;
    if (!S_ISDIR(info.stx_mode) || info.stx_uid != ::geteuid()) return std::nullopt;
    Placeholder found;
    found.device =
        (static_cast<unsigned long long>(info.stx_dev_major) << 32U) | info.stx_dev_minor;
    found.inode = info.stx_ino;
    if ((info.stx_mask & STATX_BTIME) != 0) {
        found.seconds = info.stx_btime.tv_sec;
        found.nanoseconds = info.stx_btime.tv_nsec;
    }
    found.mode = info.stx_mode & kModeBits;
    found.path = path;
    return found;
}

bool is_the_same(const Placeholder& a, const Placeholder& b) {
    return a.device == b.device && a.inode == b.inode && a.seconds == b.seconds &&
           a.nanoseconds == b.nanoseconds;
}

std::string record_of(const Placeholder& one) {
    char text[128];
    std::snprintf(text, sizeof text, "%llu %llu %lld %u %o ", one.device, one.inode, one.seconds,
                  one.nanoseconds, one.mode);
    return text + one.path + '\0';
}

std::optional<Placeholder> placeholder_in(const std::string& text) {
    Placeholder one;
    int size = 0;
    if (std::sscanf(text.c_str(), "%llu %llu %lld %u %o %n", &one.device, &one.inode, &one.seconds,
                    &one.nanoseconds, &one.mode, &size) != 5 ||
        size == 0)
        return std::nullopt;
    one.path = text.substr(static_cast<std::size_t>(size));
    return one;
}

std::vector<Placeholder> read_records(int file) {
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0;
         (n = ::pread(file, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0;)
        text.append(buffer, static_cast<std::size_t>(n));
    std::vector<Placeholder> out;
    std::size_t at = 0;
    for (auto end = text.find('\0'); end != std::string::npos; end = text.find('\0', at)) {
        if (auto one = placeholder_in(text.substr(at, end - at))) out.push_back(*std::move(one));
        at = end + 1;
    }
    return out;
}

UniqueFd open_child(int parent, const std::string& name, int flags) {
    return UniqueFd(::openat(parent, name.c_str(), flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// Something that exists already stays as it is, also a placeholder of another command; so does
/// what has replaced the new directory before it could be examined. Each placeholder is recorded,
/// in `records`, before it is used, so that it is removed even if this supervisor is killed.
Result<void> make_one(int parent, const std::string& name, mode_t mode, const std::string& path,
                      int records) {
    const mode_t usual = ::umask(0);
    const bool made = ::mkdirat(parent, name.c_str(), mode) == 0;
    const int code = errno;
    ::umask(usual);
    if (!made && code == EEXIST) return {};
    if (!made) return Error::from_errno("hold the place of " + path, code);
    const UniqueFd directory = open_child(parent, name, O_PATH);
    const auto one = directory ? read_placeholder(directory.get(), path) : std::nullopt;
    if (!one || (one->mode & S_ISVTX) == 0) return {};
    const std::string record = record_of(*one);
    const auto size = static_cast<ssize_t>(record.size());
    if (::write(records, record.data(), record.size()) == size) return {};
    const int why = errno;
    ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
    return Error::from_errno("hold the place of " + path, why);
}

/// `path` is beneath `root`. Stops at a link or a file on the way, which is pinned itself.
Result<void> make_steps(const std::string& root, const std::string& path, int records) {
    UniqueFd parent = open_without_links(root);
    for (auto begin = root.size() + 1; parent && begin < path.size();) {
        const auto end = std::min(path.find('/', begin), path.size());
        const std::string name = path.substr(begin, end - begin);
        const mode_t mode = end == path.size() ? kInnerMode : kOuterMode;
        if (auto made = make_one(parent.get(), name, mode, path.substr(0, end), records); !made)
            return made;
        parent = open_child(parent.get(), name, O_PATH);
        begin = end + 1;
    }
    return {};
}

/// A placeholder in which something was made, as `git init` does, becomes an ordinary directory.
void release(int parent, const std::string& name, const Placeholder& made) {
    const UniqueFd directory = open_child(parent, name, O_RDONLY);
    const auto now = directory ? read_placeholder(directory.get(), made.path) : std::nullopt;
    if (!now || !is_the_same(*now, made) || (now->mode | S_IWUSR) != (made.mode | S_IWUSR)) return;
    ::fchmod(directory.get(), (made.mode & ~static_cast<unsigned>(S_ISVTX)) | S_IWUSR);
}

void remove_one(const Placeholder& made) {
    const auto slash = made.path.rfind('/');
    if (slash == std::string::npos) return;
    const UniqueFd parent = open_without_links(made.path.substr(0, slash));
    if (!parent) return;
    const std::string name = made.path.substr(slash + 1);
    const UniqueFd directory = open_child(parent.get(), name, O_PATH);
    const auto now = directory ? read_placeholder(directory.get(), made.path) : std::nullopt;
    if (!now || !is_the_same(*now, made)) return;
    if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0)
        release(parent.get(), name, made);
}

}  // namespace

Result<Placeholders> Placeholders::make(const std::filesystem::path& records,
                                        const std::string& workspace,
                                        const std::vector<std::string>& paths,
                                        const std::vector<std::string>& writable) {
    Placeholders held;
    if (auto made = make_private_dirs(records); !made) return made.error();
    const auto file = records / lock_name(workspace);
    held.lock_.reset(
        ::open(file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!held.lock_) return Error::from_errno("open " + file.string());
    while (::flock(held.lock_.get(), LOCK_SH) != 0) {
        if (errno != EINTR) return Error::from_errno("lock " + file.string());
    }
    for (const std::string& path : paths) {
        if (!is_beneath_any(path, writable)) continue;
        // If a link has no target yet, the target is protected as well.
        for (const std::string& place : {path, beyond_links(path)}) {
            for (const std::string& root : writable) {
                if (!is_beneath(place, root) || place == root) continue;
                if (auto made = make_steps(root, place, held.lock_.get()); !made)
                    return made.error();
            }
        }
    }
    return held;
}

Placeholders::~Placeholders() {
    if (lock_) remove();
}

/// While other supervisors hold the lock, the last of them does this.
void Placeholders::remove() {
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) return;
    const std::vector<Placeholder> made = read_records(lock_.get());
    for (auto one = made.rbegin(); one != made.rend(); ++one)
        remove_one(*one);
    std::ignore = ::ftruncate(lock_.get(), 0);
}

}  // namespace tenon::sandbox
