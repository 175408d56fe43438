#include "host/sandbox/mounts.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/path_text.h"
#include "host/base/private_dirs.h"
#include "host/base/unique_fd.h"
#include "host/sandbox/directories.h"

namespace tenon::sandbox {
namespace {

// Of mount_setattr(2), open_tree(2), move_mount(2); the headers that have these conflict with
// others.
constexpr unsigned kClone = 1;  // OPEN_TREE_CLONE
constexpr unsigned kRecursive = 0x8000;
constexpr unsigned kFromDescriptor = 4;  // MOVE_MOUNT_F_EMPTY_PATH
struct MountAttributes {
    std::uint64_t set;
    std::uint64_t clear;
    std::uint64_t propagation;
    std::uint64_t user_namespace;
};
constexpr std::uint64_t kReadOnly = 1;

bool is_missing(int code) {
    return code == ENOENT || code == ENOTDIR;
}

UniqueFd copy_of(const std::string& path) {
    return UniqueFd(static_cast<int>(
        ::syscall(SYS_open_tree, AT_FDCWD, path.c_str(),
                  kClone | O_CLOEXEC | kRecursive | static_cast<unsigned>(AT_SYMLINK_NOFOLLOW))));
}

bool make_read_only(int mounts) {
    MountAttributes attributes{kReadOnly, 0, 0, 0};
    return ::syscall(SYS_mount_setattr, mounts, "",
                     static_cast<unsigned>(AT_EMPTY_PATH) | kRecursive, &attributes,
                     sizeof attributes) == 0;
}

/// Does not follow a link at the end of `path`.
bool mount_on(int mounts, const std::string& path) {
    return ::syscall(SYS_move_mount, mounts, "", AT_FDCWD, path.c_str(), kFromDescriptor) == 0;
}

Result<void> pin(const Pin& pin) {
    const UniqueFd copy = copy_of(pin.path);
    if (!copy && is_missing(errno)) return {};
    if (!copy || (pin.read_only && !make_read_only(copy.get())) || !mount_on(copy.get(), pin.path))
        return Error::from_errno("protect " + pin.path);
    return {};
}

struct Cover {
    std::string path;
    UniqueFd with;  // none: the path cannot be read anyway
};

Result<Cover> cover_for(const std::string& path, const MountPlan& plan) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        if (is_missing(errno) || errno == EACCES) return Cover{path, {}};
        return Error::from_errno("hide " + path);
    }
    Cover cover{path, copy_of(S_ISDIR(info.st_mode) ? plan.empty_directory : plan.empty_file)};
    if (!cover.with || !make_read_only(cover.with.get())) return Error::from_errno("hide " + path);
    return cover;
}

Result<void> hide(const MountPlan& plan) {
    // All copies are made first: a source may be inside a hidden directory.
    std::vector<Cover> covers;
    for (const std::string& path : plan.hidden) {
        auto cover = cover_for(path, plan);
        if (!cover) return cover.error();
        if (cover->with) covers.push_back(*std::move(cover));
    }
    for (const Cover& cover : covers) {
        if (!mount_on(cover.with.get(), cover.path)) return Error::from_errno("hide " + cover.path);
    }
    return {};
}

bool write_text(const char* file, const char* text, std::size_t size) {
    const UniqueFd fd(::open(file, O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text, size) == static_cast<ssize_t>(size);
}

/// The user keeps uid and gid; files of other users seem to belong to nobody.
bool map_user(uid_t user, gid_t group) {
    char text[64];
    const auto write_map = [&](const char* file, unsigned id) {
        const int size = std::snprintf(text, sizeof text, "%u %u 1\n", id, id);
        return write_text(file, text, static_cast<std::size_t>(size));
    };
    return write_text("/proc/self/setgroups", "deny", 4) && write_map("/proc/self/uid_map", user) &&
           write_map("/proc/self/gid_map", group);
}

/// Whether the process then has a mount namespace of its own that it may change.
bool make_namespaces(bool maps_user) {
    if (::unshare(CLONE_NEWNS) != 0) {
        const uid_t user = ::geteuid();
        const gid_t group = ::getegid();
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
        if (maps_user && !map_user(user, group)) return false;
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool make_everything_read_only() {
    const UniqueFd root(::open("/", O_PATH | O_CLOEXEC));
    return root && make_read_only(root.get());
}

/// Collects the pins for one path after the other, inside the writable directories.
class Pinning {
public:
    explicit Pinning(const std::vector<std::string>& writable) : writable_(writable) {}

    /// `read_only`: the path is protected, as is a link or a file on the way to it. Otherwise only
    /// its name is kept.
    void add(const std::string& path, bool read_only, int links_left) {
        for (const std::string& root : writable_) {
            if (path == root && read_only) pins.push_back({path, true});
            if (path == root || !is_beneath(path, root)) continue;
            walk(root, path.substr(root.size() + 1), read_only, links_left);
        }
    }
    std::vector<Pin> pins;

private:
    /// For `rest` (parts of a path) beneath `at`.
    void walk(std::string at, const std::filesystem::path& rest, bool read_only, int links_left) {
        for (auto part = rest.begin(); part != rest.end(); ++part) {
            at += "/" + part->string();
            struct stat info {};
            if (::lstat(at.c_str(), &info) != 0) return;
            const bool is_last = std::next(part) == rest.end();
            pins.push_back({at, read_only && (is_last || !S_ISDIR(info.st_mode))});
            if (S_ISDIR(info.st_mode)) continue;
            std::filesystem::path beyond = at;
            for (auto more = std::next(part); more != rest.end(); ++more)
                beyond /= *more;
            if (S_ISLNK(info.st_mode) && links_left > 0)
                add(beyond_links(beyond.string()), read_only, links_left - 1);
            return;
        }
    }

    const std::vector<std::string>& writable_;
};

}  // namespace

Result<void> make_empty(const std::filesystem::path& parent, const std::string& directory,
                        const std::string& file) {
    if (auto made = make_private_dirs(parent); !made) return made;
    if (::mkdir(directory.c_str(), 0) != 0 && errno != EEXIST)
        return Error::from_errno("make " + directory);
    if (::mknod(file.c_str(), S_IFREG, 0) != 0 && errno != EEXIST)
        return Error::from_errno("make " + file);
    return {};
}

std::vector<std::string> outermost(std::vector<std::string> directories) {
    std::sort(directories.begin(), directories.end());
    std::vector<std::string> out;
    for (std::string& directory : directories) {
        if (!is_beneath_any(directory, out)) out.push_back(std::move(directory));
    }
    return out;
}

std::vector<Pin> pins_for(const std::vector<std::string>& protected_paths,
                          const std::vector<std::string>& kept_names,
                          const std::vector<std::string>& writable) {
    constexpr int kMostLinks = 8;
    Pinning all(writable);
    for (const std::string& path : protected_paths)
        all.add(path, true, kMostLinks);
    for (const std::string& path : kept_names)
        all.add(path, false, kMostLinks);
    std::vector<Pin>& pins = all.pins;
    // Outer ones first; of two pins of one path the stricter one first.
    std::sort(pins.begin(), pins.end(), [](const Pin& a, const Pin& b) {
        return a.path != b.path ? a.path < b.path : a.read_only > b.read_only;
    });
    std::vector<Pin> out;
    std::vector<std::string> read_only;
    for (Pin& pin : pins) {
        // A mount on something read-only would make it writable again.
        if (is_beneath_any(pin.path, read_only)) continue;
        if (!out.empty() && out.back().path == pin.path) continue;
        if (pin.read_only) read_only.push_back(pin.path);
        out.push_back(std::move(pin));
    }
    return out;
}

bool can_make_mount_namespace() {
    const pid_t child = ::fork();
    // The child cannot write its id maps: a host with keys is not dumpable, and so does not own its
    // own files in /proc.
    if (child == 0) ::_exit(make_namespaces(false) && make_everything_read_only() ? 0 : 1);
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Result<bool> enter_mount_namespace(const MountPlan& plan) {
    if (!make_namespaces(true)) return false;
    std::vector<std::pair<UniqueFd, std::string>> writable;
    for (const std::string& directory : plan.writable) {
        UniqueFd copy = copy_of(directory);
        if (!copy && is_missing(errno)) continue;
        if (!copy) return Error::from_errno("keep " + directory + " writable");
        writable.emplace_back(std::move(copy), directory);
    }
    if (!make_everything_read_only()) {
        if (errno == ENOSYS) return false;
        return Error::from_errno("make the file system read-only");
    }
    for (const auto& [copy, directory] : writable) {
        if (!mount_on(copy.get(), directory))
            return Error::from_errno("keep " + directory + " writable");
    }
    for (const Pin& one : plan.pins) {
        if (auto done = pin(one); !done) return done.error();
    }
    if (auto done = hide(plan); !done) return done.error();
    return true;
}

}  // namespace tenon::sandbox
