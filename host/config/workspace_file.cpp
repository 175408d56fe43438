#include "host/config/workspace_file.h"

#include <algorithm>
#include <cerrno>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/base/beneath.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

/// Whether something of that name exists, also a dangling link. Where that cannot be found out the
/// answer is yes: opening it then fails with the reason.
bool exists_or_is_link(const fs::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

struct Opened {
    UniqueFd fd;
    struct stat info;
};

/// Opens what is beneath `root` and belongs to the user or to root.
Result<Opened> open_own(const fs::path& root, const fs::path& path) {
    const Beneath beneath(root, {}, {});
    auto found = beneath.open(path.native(), [](const fs::path&) { return Result<void>(); });
    if (!found) return found.error();
    Opened opened{std::move(found->fd), {}};
    if (::fstat(opened.fd.get(), &opened.info) != 0)
        return Error::from_errno("stat " + path.string());
    if (opened.info.st_uid != ::geteuid() && opened.info.st_uid != 0) {
        return Error{path.string() + " belongs to user number " +
                     std::to_string(opened.info.st_uid) + ", neither to you nor to root"};
    }
    return opened;
}

bool is_in_proc(int fd) {
    struct statfs system {};
    return ::fstatfs(fd, &system) != 0 || system.f_type == PROC_SUPER_MAGIC;
}

Result<std::string> read_at_most(int fd, std::size_t max_bytes, const fs::path& path) {
    std::string out;
    char buffer[16384];
    while (out.size() < max_bytes) {
        const ssize_t n = ::read(fd, buffer, std::min(sizeof buffer, max_bytes - out.size()));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return Error::from_errno("read " + path.string());
        if (n == 0) break;
        out.append(buffer, static_cast<std::size_t>(n));
    }
    return out;
}

/// Whether a `.git` makes `folder` the root of a repository.
bool is_root(const fs::path& folder, std::vector<std::string>* warnings) {
    const fs::path git = folder / ".git";
    if (!exists_or_is_link(git)) return false;
    const auto opened = open_own(folder, git);
    if (!opened && warnings != nullptr) {
        warnings->push_back(opened.error().message + "; " + folder.string() +
                            " is not taken for the root of a repository");
    }
    return opened.ok();
}

}  // namespace

fs::path project_root(const fs::path& workspace, std::vector<std::string>* warnings) {
    for (fs::path folder = workspace;; folder = folder.parent_path()) {
        if (is_root(folder, warnings)) return folder;
        if (folder == folder.parent_path()) return workspace;
    }
}

Result<std::optional<std::string>> read_project_file(const fs::path& root, const fs::path& file,
                                                     std::size_t max_bytes) {
    if (!exists_or_is_link(file)) return std::optional<std::string>();
    const auto opened = open_own(root, file);
    if (!opened) return opened.error();
    if (!S_ISREG(opened->info.st_mode) || is_in_proc(opened->fd.get()))
        return Error{"read " + file.string() + ": not a regular file"};
    auto bytes = read_at_most(opened->fd.get(), max_bytes + 1, file);
    if (!bytes) return bytes.error();
    return std::optional(*std::move(bytes));
}

}  // namespace tenon::config
