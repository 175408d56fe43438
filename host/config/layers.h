#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/config/config_file.h"
#include "host/config/settings.h"

/// The layers of configuration as they were found, not yet put together.
namespace tenon::config {

enum class Standing {
    kFull,      ///< what it says counts, what is wrong is an error
    kTrusted,   ///< a trusted workspace's: counts, what is wrong is a warning
    kStranger,  ///< an untrusted workspace's: harmless keys count, the rest is a warning
};

struct Layer {
    Standing standing = Standing::kFull;
    std::string file;                 ///< empty: environment or command line
    std::filesystem::path base;       ///< where relative paths begin
    std::filesystem::path rule_base;  ///< where a leading "/" of a rule begins
    std::vector<ConfigEntry> entries;
};

struct Layers {
    std::vector<Layer> layers;  ///< weakest first
    Places places;
    std::filesystem::path workspace;  ///< absolute, symlinks resolved; empty when it is not there
    std::string no_workspace;  ///< why, when nobody named one and the current directory is no use
    std::vector<std::string> files, warnings, errors;
};

/// Reads the files and the workspace's trust record; turns environment and options into entries.
Layers collect_layers(const Sources& sources, const Overrides& overrides);

/// The key of a list entry without its number: `permissions.deny.2` is item 2 of
/// `permissions.deny`.
struct ListItem {
    std::string key;
    long index = 0;  ///< 0: written without a number
};
ListItem list_item(const std::string& key);

}  // namespace tenon::config
