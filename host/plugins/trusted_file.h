#pragma once

#include <filesystem>
#include <sys/types.h>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/plugin/refusal.h"

namespace tenon::plugins {

/// A file that can be changed only by root, by the owner of the executable, and by this user.
struct TrustedFile {
    UniqueFd fd;                 ///< open for reading
    std::filesystem::path path;  ///< absolute, its folder without symbolic links
    std::filesystem::path real;  ///< the same, or the file that the link at `path` leads to
};

/// Whether `owner` is root or the owner of the running executable. Only these two may state which
/// plugins are first-party. (In a user namespace files of root may have the number of the user
/// `nobody`; then the executable has it too.)
bool owns_this_program(uid_t owner);

/// Whether nobody but root, the owner of the executable and this user can change the file or
/// directory `path`, what is directly in it, or put another in its place, as explained at
/// `open_trusted`. `path` is absolute and has no symbolic links. Says nothing about what is deeper
/// in a directory.
Result<void, plugin::Refusal> check_trusted_path(const std::filesystem::path& path);

/// Opens `file` if it is a regular file that nobody else can change: it is owned by root, by the
/// owner of the executable or by this user, and neither its group nor others may write to it. The
/// same must be true of its folder and of every folder above. Two exceptions: a user's private
/// group may write (the user's primary group, with the user's name or number and without other
/// members), and a folder with the sticky bit may be writable, since only owners can rename and
/// remove files there. Where `file` is a symbolic link, all this must be true of the file that it
/// leads to as well, and that must have the same owner as the link.
Result<TrustedFile, plugin::Refusal> open_trusted(const std::filesystem::path& file);

}  // namespace tenon::plugins
