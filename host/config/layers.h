#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/config/configuration.h"
#include "host/config/dotenv.h"

namespace tenon::config {

/// Everything that is configured, as layers that are not merged yet.
struct Layers {
    std::vector<Layer> layers;  ///< weakest first
    Places places;
    std::filesystem::path workspace;  ///< absolute, symlinks resolved; empty when there is none
    /// The user's own directory of plugins; empty: none is known, or it is one of the others.
    std::filesystem::path user_plugins;
    std::string no_workspace;  ///< why, when none was named and the current directory is no use
    DotEnv dotenv;             ///< the workspace's; its MODEL_ID is in a layer
    std::vector<std::string> files, warnings, errors;
};

/// Reads the files, the workspace's trust record and its .env; turns defaults, environment and
/// options into entries. What the entries mean is the table's business.
Layers collect_layers(const Sources& sources, const Overrides& overrides);

}  // namespace tenon::config
