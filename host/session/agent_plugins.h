#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/config/settings.h"
#include "host/plugins/agent_plugin.h"
#include "host/plugins/folder_watch.h"
#include "host/plugins/loader.h"
#include "host/plugins/path_service.h"

namespace tenon::session {

/// The directories in the Agent Plugins form that a session finds: in the plugins directories, and
/// in `.tenon/plugins/` of the workspace, where a person must have trusted them as they are.
struct AgentPlugins {
    std::vector<plugins::AgentPlugin> all;  ///< also those that are refused or switched off
    /// The native libraries of those that are used. Those of the workspace only with the bytes that
    /// were trusted.
    std::vector<plugins::ListedFile> libraries;

    /// The directories of those that are used: what a skill names is in them.
    [[nodiscard]] std::vector<std::filesystem::path> roots() const;
    /// The skills of those that are used.
    [[nodiscard]] std::vector<plugins::SkillsOfPlugin> skills() const;
    /// What a person should know about them, a sentence each.
    [[nodiscard]] std::vector<std::string> notices() const;
};

/// Looks for them. Blocks on files.
AgentPlugins find_agent_plugins(const config::Settings& settings);

/// What the configuration says about each plugin.
std::map<std::string, plugins::PluginOptions> plugin_options(
    const config::Settings::Plugins& settings);

/// Where plugins are found and how they are configured, according to `settings` and `agents`.
plugins::LoaderOptions loader_options(const config::Settings& settings, const AgentPlugins& agents,
                                      plugins::LogSink log);
/// The same; looks for the directories itself.
plugins::LoaderOptions loader_options(const config::Settings& settings, plugins::LogSink log);

/// The directories in which files that appear or change concern plugins. The workspace's count
/// only while one of them is trusted.
std::vector<plugins::WatchedFolder> watched_folders(const config::Settings& settings,
                                                    const AgentPlugins& agents);

/// A sentence for each id that the configuration names and no plugin has. `ids` are those of the
/// plugin files that were found, `problems` the files that were refused.
std::vector<std::string> unknown_plugins(const config::Settings& settings,
                                         const AgentPlugins& agents,
                                         const std::set<std::string>& ids,
                                         const std::vector<plugins::Problem>& problems);

/// What is doubtful about the keys of plugins as far as this is known without running a plugin: a
/// sentence for each id that no plugin has, and for each key that looks like a misspelt one of the
/// host, except those of the plugins in `checked`, whose own keys are known. Blocks on files.
std::vector<std::string> doubtful_plugin_keys(const config::Settings& settings,
                                              const std::set<std::string>& checked);

/// A sentence for each key of the host that has no effect for this plugin: a plugin in the host
/// cannot be ended, so its calls have no time limit.
std::vector<std::string> useless_plugin_keys(const std::string& id,
                                             const config::PluginSettings& plugin, bool isolated);

}  // namespace tenon::session
