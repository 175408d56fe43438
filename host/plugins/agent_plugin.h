#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/plugins/agent_servers.h"

/// Directories in the form of Agent Plugins 1.0.0 (agent-plugins.org): a manifest, skills, MCP
/// servers, and below `dev.tenon` native libraries for this host.
namespace tenon::plugins {

/// Where such a directory has its native libraries: `dev.tenon/<arch>-linux`, with the machine's
/// name as `uname -m` prints it.
std::string native_library_folder();

/// One skill of such a directory. Its SKILL.md was a regular file inside the directory, and nobody
/// else could change it.
struct AgentSkill {
    std::string name;              ///< the name of its folder
    std::filesystem::path folder;  ///< its entry in `skills`, which may be a link to the inside
};

struct AgentPlugin {
    std::filesystem::path folder;  ///< as it was found; the folder around it is without links
    std::filesystem::path root;    ///< without links; every file that is used is inside it
    std::string name;              ///< of the manifest; empty if that could not be used
    std::string version, description;
    bool enabled = true;
    /// Why nothing of it is used; empty: it is used, unless it is switched off.
    std::string refusal;
    std::vector<AgentSkill> skills;
    std::vector<std::filesystem::path> libraries;  ///< *.so files, inside the directory
    std::vector<AgentServer> servers;
    std::vector<std::string> problems;  ///< what of it is left out or ignored, a sentence each

    [[nodiscard]] bool is_used() const { return enabled && refusal.empty(); }
};

struct AgentPluginOptions {
    std::vector<std::filesystem::path> folders;  ///< plugins directories, in the order of search
    /// Whether `plugins.<name>.enabled` is false. Empty: none is.
    std::function<bool(const std::string& name)> is_switched_off;
    /// Why a directory may not be used although it is valid; empty: it may. For the directories of
    /// a workspace.
    std::function<std::string(const std::filesystem::path& folder)> is_not_trusted;
};

/// The directories with a `plugin.json` in the plugins directories, in the order of search and of
/// their names. Of two with one name the second is refused. A directory that others could change is
/// refused as a plugin file is (trusted_file.h), and so is one whose manifest they could change.
/// Skills and `mcp.json` that others could change are left out. The failure of a part concerns that
/// part alone. Runs nothing and reaches no network. Blocks on files.
std::vector<AgentPlugin> find_agent_plugins(const AgentPluginOptions& options);

/// The same for one directory. `name` and what depends on other directories is not checked.
AgentPlugin read_agent_plugin(const std::filesystem::path& folder);

}  // namespace tenon::plugins
