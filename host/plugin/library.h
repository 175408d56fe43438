#pragma once

#include <filesystem>
#include <string>

#include <tenon/plugin.h>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugin {

/// Maps a library into this process and returns its plugin. The library stays mapped until the
/// process ends. Its constructors run in this call, so the caller must have checked who could write
/// the file. Refused when the plugin does not have the id `id` or lacks something that the ABI
/// requires. The result is static data of the library and not null.
Result<const tenon_plugin*, Refusal> open_library(const std::filesystem::path& file,
                                                  const std::string& id);

}  // namespace tenon::plugin
