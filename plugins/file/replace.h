#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "plugins/file/host.h"

namespace tenon::file {

/// What stands at `name` in the open folder now, links not followed; nothing when there is none.
/// A Failure for what is no regular file, or may not be written.
std::optional<struct stat> file_to_replace(const Opened& target);

/// Replaces it in one step: a temporary name in the same folder, then a rename. Mode and, as far as
/// the system lets us, owner of `old` are kept. When `old` is given and something else stands there
/// by now, or the file has changed, nothing is replaced. Throws Failure; then the old file stands
/// as it was and no temporary file is left.
void replace_file(const Opened& target, const std::optional<struct stat>& old,
                  std::string_view content);

/// Whether two looks at a file saw the same one, unchanged.
bool same_state(const struct stat& a, const struct stat& b);

}  // namespace tenon::file
