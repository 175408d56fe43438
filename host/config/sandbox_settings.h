#pragma once

#include <filesystem>

#include "host/config/configuration.h"

namespace tenon::config {

/// Fills `out.settings.sandbox` with the paths of the keys `sandbox.*` and checks them: a directory
/// of `sandbox.write` that does not exist is a warning, one that holds too much is an error.
/// `system` and `data` are the machine's configuration and the user's data directory. The other
/// settings are in place.
void take_sandbox(const std::filesystem::path& system, const std::filesystem::path& data,
                  Configuration& out);

}  // namespace tenon::config
