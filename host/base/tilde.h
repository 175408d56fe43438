#pragma once

#include <filesystem>

namespace tenon {

/// `path` with `~` replaced by the home directory, where it is alone or before a slash; `./~` is a
/// directory of that name. When no home directory is known, the path is returned unchanged.
std::filesystem::path expanded(const std::filesystem::path& path,
                               const std::filesystem::path& home);

}  // namespace tenon
