#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/result.h"
#include "host/config/settings.h"
#include "host/plugins/agent_plugin.h"

/// The plugins of an installation and of a user, for the commands that show them.
namespace tenon::cli {

struct SurveyedTool {
    std::string name;
    std::uint32_t flags = 0;  ///< as the plugin states them
    agent::ToolSpec spec;
    std::size_t request_bytes = 0;  ///< of its definition in every request to a model
};

/// One plugin file, or one directory in the Agent Plugins form. Texts may be any bytes.
struct SurveyedPlugin {
    std::filesystem::path file;
    std::string id;  ///< of a directory its name; empty: the file is no plugin for this host
    /// It is a directory; of what follows, only version, `enabled`, problem and warnings are set.
    std::optional<plugins::AgentPlugin> directory;
    std::filesystem::path part_of;  ///< the directory in the Agent Plugins form that has the file
    std::string abi;                ///< "1.1"
    bool first_party = false;
    bool isolated = false;  ///< it runs in a process of its own
    bool enabled = true;
    std::string summary;  ///< why it has its needs
    std::vector<std::string> needs, grants;
    std::filesystem::path state_dir;  ///< where it stores files of its own

    /// Why it is not used, and what to do; empty: no reason is known.
    std::string problem, remedy;
    std::vector<std::string> warnings;  ///< about its keys and grants

    /// The plugin has been loaded with this content, and so far that it has stated these.
    bool knows_statement = false;
    std::string version;
    std::string config_schema;  ///< JSON text; empty: any object
    /// The plugin has also listed what follows.
    bool known = false;
    std::vector<std::string> hooks;
    std::vector<SurveyedTool> tools;
};

/// All plugin files in the plugins directories, first-party plugins first, then those that are
/// loaded, switched off and refused, then the directories in the Agent Plugins form. The plugins of
/// the host are loaded for that; of all others, no code is run. Opens no session and creates
/// nothing. Blocks on files.
std::vector<SurveyedPlugin> survey_plugins(const config::Settings& settings);

/// The same, but it runs no code at all: of the plugins of the host, neither version nor tools are
/// known.
std::vector<SurveyedPlugin> survey_without_loading(const config::Settings& settings);

/// The same as survey_plugins for one file, which need not be in a plugins directory.
SurveyedPlugin survey_plugin_file(const config::Settings& settings,
                                  const std::filesystem::path& file);

}  // namespace tenon::cli
