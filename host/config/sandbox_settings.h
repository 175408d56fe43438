#pragma once

#include <filesystem>
#include <vector>

#include "host/config/configuration.h"

namespace tenon::config {

/// Fills `out.settings.sandbox` with the paths of the keys `sandbox.*` and checks them: a directory
/// of `sandbox.write` that does not exist is a warning, one that holds too much is an error.
/// `system` and `data` are the machine's configuration and the user's data directory. The other
/// settings are in place.
void take_sandbox(const std::filesystem::path& system, const std::filesystem::path& data,
                  Configuration& out);

/// What an isolated plugin does not read unless it is granted: the paths of `sandbox.denyRead`, or
/// its default, whatever `sandbox.mode` is, and Tenon's state and configuration. Links are not
/// followed. Looks at nothing.
std::vector<std::filesystem::path> hidden_from_plugins(const Settings& settings);

}  // namespace tenon::config
