#include "host/sandbox/directories.h"

#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <sys/stat.h>

namespace tenon::sandbox {
namespace {

UniqueFd open_step(int parent, const char* name) {
    return UniqueFd(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// `directory` may be O_PATH, which fchmod(2) does not take.
void give_rights(int directory) {
    struct stat info {};
    if (::fstat(directory, &info) != 0 || info.st_uid != ::geteuid()) return;
    if ((info.st_mode & S_IRWXU) == S_IRWXU) return;
    ::chmod(("/proc/self/fd/" + std::to_string(directory)).c_str(),
            (info.st_mode & 07777U) | S_IRWXU);
}

void make_removable_from(const UniqueFd& directory) {
    give_rights(directory.get());
    const int listed = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(listed < 0 ? nullptr : ::fdopendir(listed),
                                                      ::closedir);
    if (!listing) return;
    while (const dirent* entry = ::readdir(listing.get())) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) continue;
        if (const UniqueFd inner = open_step(::dirfd(listing.get()), entry->d_name))
            make_removable_from(inner);
    }
}

}  // namespace

UniqueFd open_without_links(const std::string& path) {
    UniqueFd at = open_step(AT_FDCWD, "/");
    for (const auto& part : std::filesystem::path(path).relative_path()) {
        if (!at) break;
        if (!part.empty()) at = open_step(at.get(), part.c_str());
    }
    return at;
}

std::string beyond_links(const std::string& path) {
    namespace fs = std::filesystem;
    constexpr int kMostLinks = 16;
    fs::path at = "/";
    fs::path rest = fs::path(path).relative_path();
    for (int links = 0; !rest.empty();) {
        const fs::path name = *rest.begin();
        fs::path more;
        for (auto part = std::next(rest.begin()); part != rest.end(); ++part)
            more /= *part;
        rest = more;
        if (name == ".." || name == "." || name.empty()) {
            if (name == "..") at = at.parent_path();
            continue;
        }
        std::error_code error;
        const fs::path target = fs::read_symlink(at / name, error);
        if (error) {
            at /= name;
            continue;
        }
        if (++links > kMostLinks) return path;
        if (target.is_absolute()) at = "/";
        rest = more.empty() ? target.relative_path() : target.relative_path() / more;
    }
    return at.string();
}

void make_removable(const std::string& path) {
    if (const UniqueFd directory = open_without_links(path)) make_removable_from(directory);
}

}  // namespace tenon::sandbox
