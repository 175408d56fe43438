#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugins {

/// The plugins that were installed with the host: `<folder>/manifest.json`,
/// {"v":1,"plugins":["bash.so",…]}, in the order in which their tools are offered. A folder without
/// one has none.
Result<std::vector<std::string>, plugin::Refusal> read_manifest(
    const std::filesystem::path& folder);

}  // namespace tenon::plugins
