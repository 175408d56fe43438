#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/shell/script.h"

namespace tenon::permission {

/// The built-in deny list, judged on one part: recursive rm of /, the home folder or a top-level
/// folder; sudo, shutdown, reboot, halt, poweroff; writing to block devices by redirection, dd,
/// tee, cp or mkfs. A seat belt against accidents, not a wall. Gives what was hit, in words, or
/// nothing. Relative paths start at `cwd`, and wherever the text goes before (Part::directories).
/// May ask the file system whether a name is a block
/// device.
std::optional<std::string> builtin_denial(const shell::Part& part, const std::filesystem::path& cwd,
                                          const std::filesystem::path& home);

}  // namespace tenon::permission
