#pragma once

#include <filesystem>
#include <sys/types.h>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/plugin/refusal.h"

namespace tenon::plugins {

/// A file that nobody but root, this user and those may change who could do so anyway.
struct TrustedFile {
    UniqueFd fd;                 ///< open for reading
    std::filesystem::path path;  ///< absolute, its folder without symbolic links
};

/// Whether `owner` is root, or whom the running executable belongs to: who may say what is
/// first-party. (In a user namespace root's files may belong to a number that stands for nobody;
/// the executable does then too.)
bool owns_this_program(uid_t owner);

/// Opens `file` if it is a regular file (no symbolic link) owned by root, the executable's owner or
/// this user, that neither group nor others may write to, in folders of which the same is true up
/// to the root. A user's private group (the primary group, with the user's name or number and no
/// other member) may, and a folder with the sticky bit, where only owners rename and remove, may be
/// writable.
Result<TrustedFile, plugin::Refusal> open_trusted(const std::filesystem::path& file);

}  // namespace tenon::plugins
