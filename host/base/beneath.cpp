#include "host/base/beneath.h"

#include <algorithm>
#include <climits>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace tenon {
namespace {

constexpr int kMaxLinks = 16;

/// -1 with errno. EAGAIN says that something was renamed meanwhile and the kernel could not be sure
/// of the result (openat2(2)): asked again, a few times.
UniqueFd open_beneath(int folder, const fs::path& path, std::uint64_t flags) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    for (int attempt = 0; attempt < 64; ++attempt) {
        const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
        if (fd >= 0) return UniqueFd(static_cast<int>(fd));
        if (errno != EAGAIN && errno != EINTR) break;
    }
    return {};
}

/// The root is opened by its path each time, since it may be created later or again. That path has
/// no links; if a link has replaced a folder in it, the link is not followed.
UniqueFd open_root(const fs::path& real, std::uint64_t flags = O_PATH | O_DIRECTORY) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    return UniqueFd(
        static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, real.c_str(), &how, sizeof how)));
}

Error cannot_open(std::string_view asked, int code) {
    const std::string doing = "open " + std::string(asked);
    if (code == ENOSYS) return {doing + ": this kernel has no openat2 (Linux 5.6 is needed)"};
    return Error::from_errno(doing, code);
}

/// What is left of `path` below `root`, or nothing when it does not begin with it.
std::optional<fs::path> below(const fs::path& root, const fs::path& path) {
    const auto [in_root, in_path] =
        std::mismatch(root.begin(), root.end(), path.begin(), path.end());
    if (in_root != root.end()) return std::nullopt;
    fs::path rest;
    for (auto part = in_path; part != path.end(); ++part)
        rest /= *part;
    return rest.empty() ? fs::path(".") : rest;
}

fs::path without_trailing_slash(const fs::path& path) {
    const fs::path normal = path.lexically_normal();
    return normal.has_filename() || normal == normal.root_path() ? normal : normal.parent_path();
}

Result<void> check_spelling(std::string_view path) {
    if (path.empty()) return Error{"the path is empty"};
    if (path.find('\0') != std::string_view::npos) return Error{"the path has a NUL byte in it"};
    if (path.size() >= PATH_MAX) {
        return Error{"the path has " + std::to_string(path.size()) + " bytes; at most " +
                     std::to_string(PATH_MAX - 1) + " are possible"};
    }
    if (path == "~" || path.substr(0, 2) == "~/") {
        return Error{"open " + std::string(path) + ": ~ is not expanded; write the path out"};
    }
    return {};
}

/// Devices are never opened for use, since opening alone can have an effect.
Result<UniqueFd> open_for_reading(const UniqueFd& found, std::string_view asked) {
    struct stat info {};
    if (::fstat(found.get(), &info) != 0) return cannot_open(asked, errno);
    const char* kind = S_ISFIFO(info.st_mode)                             ? "a FIFO"
                       : S_ISSOCK(info.st_mode)                           ? "a socket"
                       : S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)   ? "a device"
                       : !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode) ? "of another kind"
                                                                          : nullptr;
    if (kind != nullptr) {
        return Error{"open " + std::string(asked) + ": is " + kind +
                     ", neither a regular file nor a folder"};
    }
    // The very inode that was found: the entry in /proc does not go by a name.
    UniqueFd fd(::open(("/proc/self/fd/" + std::to_string(found.get())).c_str(),
                       O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd) return cannot_open(asked, errno);
    return fd;
}

/// Makes folders one below the other and removes them again unless they are kept.
class NewFolders {
public:
    NewFolders() = default;
    NewFolders(const NewFolders&) = delete;
    NewFolders& operator=(const NewFolders&) = delete;
    ~NewFolders() {
        for (; !made_.empty(); made_.pop_back())
            ::unlinkat(made_.back().parent.get(), made_.back().name.c_str(), AT_REMOVEDIR);
    }

    /// The folder `name` in `parent`, made unless it is there by now.
    Result<UniqueFd> make(UniqueFd parent, const std::string& name) {
        const bool is_new = ::mkdirat(parent.get(), name.c_str(), 0777) == 0;
        if (!is_new && errno != EEXIST) return Error::from_errno("make folder " + name);
        UniqueFd folder(
            ::openat(parent.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        const int code = errno;
        if (is_new) made_.push_back({std::move(parent), name});
        if (!folder) return Error::from_errno("make folder " + name, code);
        return folder;
    }
    void keep() { made_.clear(); }

private:
    struct Made {
        UniqueFd parent;
        std::string name;
    };
    std::vector<Made> made_;
};

/// The target of the link `name` in `folder`, or empty when it is none.
fs::path link_target(int folder, const std::string& name) {
    std::string target(PATH_MAX, '\0');
    const ssize_t n = ::readlinkat(folder, name.c_str(), target.data(), target.size());
    return n < 0 ? fs::path() : fs::path(target.substr(0, static_cast<std::size_t>(n)));
}

fs::path canonical_as_far_as_it_exists(const fs::path& path) {
    std::error_code failed;
    fs::path out = fs::weakly_canonical(path, failed);
    return failed ? fs::path() : out;
}

}  // namespace

Result<fs::path> real_path_of(int fd) {
    const std::string entry = "/proc/self/fd/" + std::to_string(fd);
    const std::string text = link_target(AT_FDCWD, entry).string();
    if (text.empty()) return Error::from_errno("read the link " + entry);
    if (text.front() != '/') return Error{"the file has no path any more (" + text + ")"};
    // The kernel appends " (deleted)" to the name of a removed file, but a name may also end so.
    constexpr std::string_view kDeleted = " (deleted)";
    const bool ends_so =
        text.size() > kDeleted.size() &&
        text.compare(text.size() - kDeleted.size(), kDeleted.size(), kDeleted) == 0;
    struct stat open_one {};
    struct stat named {};
    if (ends_so && (::fstat(fd, &open_one) != 0 || ::lstat(text.c_str(), &named) != 0 ||
                    open_one.st_ino != named.st_ino || open_one.st_dev != named.st_dev)) {
        return Error{text.substr(0, text.size() - kDeleted.size()) + " was removed meanwhile"};
    }
    return fs::path(text);
}

Beneath::Beneath(const fs::path& workspace, const std::vector<fs::path>& writable,
                 const std::vector<fs::path>& readable) {
    const auto add = [this](const fs::path& path, bool may_write) {
        assert(path.is_absolute());
        fs::path real = canonical_as_far_as_it_exists(path);
        roots_.push_back(
            {without_trailing_slash(path),
             real.empty() ? without_trailing_slash(path) : without_trailing_slash(real),
             may_write});
    };
    add(workspace, true);
    for (const fs::path& path : writable)
        add(path, true);
    for (const fs::path& path : readable)
        add(path, false);
}

std::vector<fs::path> Beneath::writable() const {
    std::vector<fs::path> out;
    for (const Root& root : roots_) {
        if (root.writable) out.push_back(root.real);
    }
    return out;
}

std::vector<fs::path> Beneath::readable() const {
    std::vector<fs::path> out;
    for (const Root& root : roots_)
        out.push_back(root.real);
    return out;
}

/// The innermost root that `absolute` begins with, by its names alone.
std::optional<Beneath::Place> Beneath::inside(const fs::path& absolute, Use use) const {
    std::optional<Place> best;
    for (const Root& root : roots_) {
        if (use == Use::kWrite && !root.writable) continue;
        for (const fs::path* prefix : {&root.real, &root.given}) {
            auto rest = below(*prefix, absolute);
            if (rest && (!best || rest->native().size() < best->rest.native().size()))
                best = Place{&root, std::move(*rest)};
        }
    }
    return best;
}

Error Beneath::outside(std::string_view asked, Use use) const {
    std::string allowed;
    for (const fs::path& root : use == Use::kWrite ? writable() : readable())
        allowed += (allowed.empty() ? "" : ", ") + root.string();
    return {std::string(asked) + " is outside the folders that may be " +
            (use == Use::kWrite ? "written: " : "read: ") + allowed};
}

Result<Beneath::Place> Beneath::place(const fs::path& path, Use use, std::string_view asked) const {
    const fs::path absolute = path.is_absolute() ? path : workspace() / path;
    if (auto found = inside(absolute, use)) return std::move(*found);
    if (auto found = inside(canonical_as_far_as_it_exists(absolute), use)) return std::move(*found);
    return outside(asked, use);
}

/// An O_PATH descriptor of what `asked` names.
Result<Beneath::Opened> Beneath::find(std::string_view asked, const Approve& approve) const {
    if (auto spelled = check_spelling(asked); !spelled) return spelled.error();
    auto at = place(fs::path(asked), Use::kRead, asked);
    if (!at) return at.error();
    UniqueFd fd;
    for (const bool again : {false, true}) {
        const bool is_root = at->rest == ".";  // which may be a single file
        UniqueFd root = open_root(at->root->real, is_root ? O_PATH : O_PATH | O_DIRECTORY);
        if (!root) return cannot_open(at->root->real.string(), errno);
        if (is_root) {
            fd = std::move(root);
            break;
        }
        fd = open_beneath(root.get(), at->rest, O_PATH);
        if (fd) break;
        if (errno != EXDEV) return cannot_open(asked, errno);
        // It leads out of this root, or has an absolute link in it. It is tried once more where it
        // ends.
        auto end = inside(canonical_as_far_as_it_exists(at->root->real / at->rest), Use::kRead);
        if (!end || again) return outside(asked, Use::kRead);
        at = std::move(*end);
    }
    auto real = real_path_of(fd.get());
    if (!real) return real.error().while_doing("open " + std::string(asked));
    if (!inside(*real, Use::kRead)) return outside(asked, Use::kRead);
    if (auto approved = approve(*real); !approved) return approved.error();
    return Opened{std::move(fd), std::move(*real)};
}

Result<Beneath::Opened> Beneath::open(std::string_view path, const Approve& approve) const {
    auto found = find(path, approve);
    if (!found) return found;
    auto fd = open_for_reading(found->fd, path);
    if (!fd) return fd.error();
    return Opened{std::move(*fd), std::move(found->real)};
}

Result<Beneath::Opened> Beneath::open_folder(std::string_view path, const Approve& approve) const {
    auto found = find(path, approve);
    if (!found) return found;
    UniqueFd fd(::openat(found->fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return cannot_open(path, errno);
    return Opened{std::move(fd), std::move(found->real)};
}

/// Opens the deepest folder above `at` that exists (O_PATH); `missing` are the names below it.
/// Returns an empty path, or, when an absolute link was on the way, the path to start again with.
Result<fs::path> Beneath::open_deepest_folder(const Place& at, std::string_view asked,
                                              UniqueFd& folder,
                                              std::vector<std::string>& missing) const {
    const UniqueFd root = open_root(at.root->real);
    if (!root) return cannot_open(at.root->real.string(), errno);
    fs::path above = at.rest.parent_path();
    while (true) {
        folder = open_beneath(root.get(), above.empty() ? "." : above, O_PATH | O_DIRECTORY);
        if (folder) return fs::path();
        if (errno == EXDEV) {
            fs::path again = canonical_as_far_as_it_exists(at.root->real / above);
            if (!inside(again, Use::kWrite)) return outside(asked, Use::kWrite);
            for (const std::string& name : missing)
                again /= name;
            return again / at.rest.filename();
        }
        if (errno != ENOENT || above.empty()) return cannot_open(asked, errno);
        if (above.filename() == "..") return cannot_open(asked, ENOENT);
        missing.insert(missing.begin(), above.filename().string());
        above = above.parent_path();
    }
}

Result<Beneath::FolderEntry> Beneath::open_entry(std::string_view asked,
                                                 const Approve& approve) const {
    if (auto spelled = check_spelling(asked); !spelled) return spelled.error();
    fs::path path(asked);
    for (int links = 0; links < kMaxLinks; ++links) {
        auto at = place(path, Use::kWrite, asked);
        if (!at) return at.error();
        const std::string name = at->rest.filename().string();
        if (name.empty() || name == "." || name == "..")
            return Error{std::string(asked) + " names a folder, not a file"};
        if (name.size() > NAME_MAX) return cannot_open(asked, ENAMETOOLONG);

        UniqueFd folder;
        std::vector<std::string> missing;
        auto again = open_deepest_folder(*at, asked, folder, missing);
        if (!again) return again.error();
        if (!again->empty()) {
            path = std::move(*again);
            continue;
        }
        auto real = real_path_of(folder.get());
        if (!real) return real.error().while_doing("open " + std::string(asked));
        if (fs::path target;
            missing.empty() && !(target = link_target(folder.get(), name)).empty()) {
            path = *real / target;  // an absolute target replaces all
            continue;
        }

        fs::path whole = *real;
        for (const std::string& part : missing)
            whole /= part;
        whole /= name;
        if (!inside(whole, Use::kWrite)) return outside(asked, Use::kWrite);
        if (auto approved = approve(whole); !approved) return approved.error();

        NewFolders made;
        for (const std::string& part : missing) {
            auto next = made.make(std::move(folder), part);
            if (!next) return next.error().while_doing("open " + std::string(asked));
            folder = std::move(*next);
        }
        UniqueFd usable(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!usable) return cannot_open(asked, errno);
        made.keep();
        return FolderEntry{std::move(usable), name, std::move(whole)};
    }
    return cannot_open(asked, ELOOP);
}

}  // namespace tenon
