#pragma once

#include <filesystem>

namespace tenon {

/// `~` alone, or in front of a slash, as the home directory; `./~` is a directory of that name. A
/// path stays as it is where no home directory is known.
std::filesystem::path expanded(const std::filesystem::path& path,
                               const std::filesystem::path& home);

}  // namespace tenon
