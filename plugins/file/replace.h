#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "plugins/file/host.h"

namespace tenon::file {

/// The file `name` in the open folder as it is now, without following links; none when it does not
/// exist. Throws Failure when it is not a regular file or may not be written.
std::optional<struct stat> file_to_replace(const Opened& target);

/// Replaces it in one step: a temporary name in the same folder, then a rename. The mode and, as
/// far as the system permits it, the owner of `old` are kept. When `old` is given and the file is
/// now another one or has changed, nothing is replaced. After a Failure the old file is unchanged
/// and no temporary file is left.
void replace_file(const Opened& target, const std::optional<struct stat>& old,
                  std::string_view content);

/// Whether two stat results are of the same, unchanged file.
bool same_state(const struct stat& a, const struct stat& b);

}  // namespace tenon::file
