#pragma once

#include <string>

#include "host/base/unique_fd.h"

/// Directories in places that a sandboxed command may write, for us who are outside: whatever it
/// puts in the place of a directory, it leads us nowhere else.
namespace tenon::sandbox {

/// By an absolute path, as a place to start from (O_PATH). None, with errno, where a symbolic link
/// or something else that is no directory is on the way or at the end.
UniqueFd open_without_links(const std::string& path);

/// Where an absolute path leads when every link in it is followed, also to what is not there.
/// `path` itself where they lead in a circle.
std::string beyond_links(const std::string& path);

/// Gives back the rights of their owner to all directories at and beneath `path`: a command may
/// have taken them from itself. Follows no link.
void make_removable(const std::string& path);

}  // namespace tenon::sandbox
