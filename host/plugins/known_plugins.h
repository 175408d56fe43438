#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/plugin/instance.h"
#include "host/plugin/refusal.h"

namespace tenon::plugins {

/// What is known of a third-party file from the last time it was loaded.
struct KnownPlugin {
    std::string version, config_schema;  ///< as the plugin states them
    std::string config_hash;             ///< of the configuration with which it listed what follows
    std::vector<plugin::ToolDeclaration> tools;
    std::vector<plugin::Hook> hooks;
    /// The file crashed, ended its process or hung when it was loaded; nothing else is set then,
    /// but `config_hash` when it happened in `create`.
    std::optional<plugin::Refusal> refusal = {};
    bool operator==(const KnownPlugin&) const = default;
};

/// What is known of files by their content, one file each: `<folder>/<id>.<hash>.json`. So a plugin
/// whose tools are known need not run before its first call, and one that breaks at load costs no
/// time twice. What another version of this program has written does not count. Thread-safe.
class KnownPlugins {
public:
    explicit KnownPlugins(std::filesystem::path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] std::optional<KnownPlugin> find(const std::string& id,
                                                  const std::string& hash) const;
    /// When it cannot be written, the plugin is loaded once more the next time.
    void remember(const std::string& id, const std::string& hash, const KnownPlugin& plugin) const;
    [[nodiscard]] std::filesystem::path file_of(const std::string& id,
                                                const std::string& hash) const {
        return folder_ / (id + "." + hash + ".json");
    }

private:
    void remove_oldest(const std::string& id) const;

    std::filesystem::path folder_;
};

}  // namespace tenon::plugins
