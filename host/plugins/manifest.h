#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugins {

/// Reads `<folder>/manifest.json`, {"v":1,"plugins":["bash.so",…]}: the files of the plugins that
/// were installed with the host, in the order in which their tools are offered. Without this file
/// there are none. Refused when others could have written it, or when it is malformed.
Result<std::vector<std::string>, plugin::Refusal> read_manifest(
    const std::filesystem::path& folder);

/// The paths of these files, as in FolderWatch::Change. Empty when there is no usable manifest.
std::set<std::filesystem::path> first_party_files(const std::filesystem::path& folder);

}  // namespace tenon::plugins
