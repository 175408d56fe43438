#pragma once

#include <string>

#include "host/base/unique_fd.h"

/// Safe use, from outside, of directories in places that a sandboxed command may write: the command
/// may replace a directory by something else, but this leads nowhere else.
namespace tenon::sandbox {

/// Opens a directory by its absolute path (O_PATH). None, with errno, if any part of the path is a
/// symbolic link or something else that is not a directory.
UniqueFd open_without_links(const std::string& path);

/// Where an absolute path leads when every link in it is followed, also if the target does not
/// exist. `path` itself if there are too many links.
std::string beyond_links(const std::string& path);

/// Restores the rights of the owner for all directories at and beneath `path`, since a command may
/// have removed them. Follows no link.
void make_removable(const std::string& path);

}  // namespace tenon::sandbox
