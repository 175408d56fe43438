#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/shell/script.h"

namespace tenon::permission {

/// The built-in deny list, applied to one part: recursive rm of /, of the home directory or of a
/// directory directly beneath /; sudo, shutdown, reboot, halt, poweroff; writing to block devices
/// by redirection, dd, tee, cp or mkfs. Returns in words what the part would do, or nothing.
/// Relative paths start at `cwd` and at each directory that the text changes to before
/// (Part::directories). May ask the file system whether a path is a block device. Protects against
/// accidents; it is not responsible for stopping deliberate evasion.
std::optional<std::string> builtin_denial(const shell::Part& part, const std::filesystem::path& cwd,
                                          const std::filesystem::path& home);

}  // namespace tenon::permission
