#pragma once

#include <filesystem>
#include <string>

#include <tenon/plugin.h>

#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugin {

/// Maps a library into this process for the rest of the process's life, and asks it for its plugin,
/// which must have the id `id` and everything that the ABI requires. The library's constructors run
/// in here: the caller has checked the file. The result is static data of the library, not null.
Result<const tenon_plugin*, Refusal> open_library(const std::filesystem::path& file,
                                                  const std::string& id);

}  // namespace tenon::plugin
