#include "host/config/state_dir.h"

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/private_dirs.h"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemedy = "set TENON_STATE_DIR to a directory of your own";

/// lstat(2); none when nothing has that name.
Result<std::optional<struct stat>> look_at(const fs::path& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) return std::optional(info);
    if (errno == ENOENT) return std::optional<struct stat>();
    const Error error = Error::from_errno("look at the state directory " + path.string());
    return Error{error.message + "; " + kRemedy};
}

std::string octal(mode_t mode) {
    char text[16];
    std::snprintf(text, sizeof text, "%04o", mode & 07777U);
    return text;
}

Error refused(const fs::path& path, const std::string& why, const std::string& remedy) {
    return {"the state directory " + path.string() + " " + why + "; it is not used: " + remedy};
}

/// Why another user may write to the directory; none when no other user can.
std::optional<Error> doubt_about(const fs::path& path, const struct stat& info) {
    if (S_ISLNK(info.st_mode)) {
        return refused(path, "is a symbolic link",
                       "put a directory there, or set TENON_STATE_DIR to the one it leads to");
    }
    if (!S_ISDIR(info.st_mode)) return refused(path, "is no directory", kRemedy);
    if (info.st_uid != ::geteuid()) {
        return refused(path,
                       "belongs to user number " + std::to_string(info.st_uid) +
                           ", and this is user number " + std::to_string(::geteuid()),
                       kRemedy);
    }
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return refused(path, "has mode " + octal(info.st_mode) + ", so others may write to it",
                       "look through it, then chmod 700 " + path.string() + ", or " + kRemedy);
    }
    return std::nullopt;
}

}  // namespace

Result<void> check_state_dir(const fs::path& dir) {
    for (const char* name : {"", "sessions", "jobs", "trust"}) {
        const fs::path path = *name == '\0' ? dir : dir / name;
        const auto info = look_at(path);
        if (!info) return info.error();
        if (!*info) continue;
        // What is no directory here fails with a good reason when it is opened.
        const bool other = !S_ISDIR((*info)->st_mode) && !S_ISLNK((*info)->st_mode);
        if (other && path != dir) continue;
        if (const auto doubt = doubt_about(path, **info)) return *doubt;
    }
    return {};
}

/// The owner of the directory above could replace this one.
Result<void> check_place_of_state_dir(const fs::path& dir) {
    const auto itself = look_at(dir);
    if (!itself) return itself.error();
    if (*itself) return {};
    fs::path above = dir.parent_path();
    struct stat info {};
    while (::stat(above.c_str(), &info) != 0) {
        if (errno != ENOENT || above == above.parent_path())
            return Error::from_errno("make the state directory " + dir.string());
        above = above.parent_path();
    }
    const bool shared = (info.st_mode & S_ISVTX) != 0;
    if (info.st_uid == ::geteuid() || info.st_uid == 0 || shared) return {};
    return Error{"the state directory " + dir.string() + " would be made inside " + above.string() +
                 ", which belongs to user number " + std::to_string(info.st_uid) +
                 ", and this is user number " + std::to_string(::geteuid()) + "; " + kRemedy};
}

Result<void> make_state_dir(const fs::path& dir) {
    const auto info = look_at(dir);
    if (!info) return info.error();
    if (!*info) {
        if (auto fine = check_place_of_state_dir(dir); !fine) return fine;
        if (auto made = make_private_dirs(dir); !made)
            return Error{made.error().message + "; " + kRemedy};
    }
    return check_state_dir(dir);
}

}  // namespace tenon::config
