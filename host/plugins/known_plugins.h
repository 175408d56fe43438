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
    /// How much of the above is known. A plugin that was left out may not have got as far as
    /// listing its tools.
    enum class Extent {
        kNothing,
        kStatement,  ///< version and schema
        kTools,      ///< everything
    };
    Extent extent = Extent::kTools;
    /// Why the last load left the plugin out, and the hash of the configuration with which it did,
    /// as that is written. Such a file is loaded again; this is only for those who ask before.
    struct LeftOut {
        plugin::Refusal why;
        std::string config;
        bool operator==(const LeftOut&) const = default;
    };
    std::optional<LeftOut> left_out = {};
    bool operator==(const KnownPlugin&) const = default;
};

/// Where they are, in the state directory.
inline constexpr const char* kPluginCache = "plugin-cache";

/// What is known of files by their content, one file each: `<folder>/<id>.<hash>.json`. So a plugin
/// whose tools are known need not run before its first call, and one that breaks at load costs no
/// time twice. What another version of this program has written does not count. Thread-safe.
class KnownPlugins {
public:
    explicit KnownPlugins(std::filesystem::path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] std::optional<KnownPlugin> find(const std::string& id,
                                                  const std::string& hash) const;
    /// Why a file that broke when it was loaded is not loaded again; nothing: it did not break, or
    /// it broke with another configuration. `config` is the hash of the present one as it is
    /// written; empty: only what broke before it got any counts.
    [[nodiscard]] std::optional<plugin::Refusal> refusal_of_broken(const std::string& id,
                                                                   const std::string& hash,
                                                                   const KnownPlugin& plugin,
                                                                   const std::string& config) const;
    /// When it cannot be written, the plugin is loaded once more the next time.
    void remember(const std::string& id, const std::string& hash, const KnownPlugin& plugin) const;
    [[nodiscard]] std::filesystem::path file_of(const std::string& id,
                                                const std::string& hash) const {
        return folder_ / (id + "." + hash + ".json");
    }
    /// Remembers why a load has left the plugin out, beside what is known of it. `config` is as in
    /// KnownPlugin::LeftOut.
    void remember_left_out(const std::string& id, const std::string& hash,
                           const plugin::Refusal& why, const std::string& config) const;

private:
    void remove_oldest(const std::string& id) const;

    std::filesystem::path folder_;
};

}  // namespace tenon::plugins
