#include "host/session/agent_plugins.h"

#include <algorithm>
#include <map>

#include "host/base/nearest.h"
#include "host/base/quantity.h"
#include "host/base/untrusted.h"
#include "host/config/sandbox_settings.h"
#include "host/config/settings_keys.h"
#include "host/config/trust.h"
#include "host/config/workspace_plugins.h"
#include "host/sandbox/plugin_confinement.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

/// `plugins.<name>.enabled=false`. A name with dots is read by the configuration as an id and a
/// key of that plugin.
bool is_switched_off(const config::Settings& settings, const std::string& name) {
    const auto& by_id = settings.plugins.by_id;
    if (const auto whole = by_id.find(name); whole != by_id.end()) return !whole->second.enabled;
    const auto dot = name.find('.');
    if (dot == std::string::npos) return false;
    const auto first = by_id.find(name.substr(0, dot));
    if (first == by_id.end()) return false;
    const auto key = first->second.own.find(name.substr(dot + 1) + ".enabled");
    return key != first->second.own.end() && !parse_boolean(key->second).value_or(true);
}

/// The trust in the directories of one workspace. Each is read at most once.
class WorkspaceTrust {
public:
    explicit WorkspaceTrust(const config::Settings& settings)
        : trusted_(config::trusted_plugins(settings.state_dir, settings.workspace)) {}

    /// Why a directory may not be used; empty: it may.
    std::string refusal(const fs::path& folder) {
        if (!trusted_) return trusted_.error().message;
        if (!trusted_->knows(folder))
            return "the workspace is not trusted for it (see 'tenon config trust')";
        if (trusted_->covers(tree(folder))) return {};
        return "it changed since it was trusted; see it and say yes again with 'tenon config "
               "trust'";
    }

    /// The hash of a file of a directory; empty: it was not read. A link is followed.
    std::string hash_of(const fs::path& folder, const fs::path& file) {
        std::error_code failed;
        const fs::path real = fs::canonical(file, failed);
        return failed ? std::string() : tree(folder).hash_of(real);
    }

private:
    const config::PluginTree& tree(const fs::path& folder) {
        const auto [found, is_new] = trees_.try_emplace(folder);
        if (is_new) found->second = config::read_plugin_tree(folder);
        return found->second;
    }

    Result<config::TrustedPlugins> trusted_;
    std::map<fs::path, config::PluginTree> trees_;
};

void add_of_workspace(const config::Settings& settings, plugins::AgentPluginOptions options,
                      AgentPlugins& out) {
    const fs::path folder = config::workspace_plugins_folder(settings.workspace);
    std::error_code failed;
    if (settings.workspace.empty() || !fs::is_directory(folder, failed)) return;
    WorkspaceTrust trust(settings);
    options.folders = {folder};
    const std::string& lock = settings.plugins.path_lock;
    options.is_not_trusted = [&](const fs::path& path) {
        return lock.empty() ? trust.refusal(path) : lock;
    };
    for (plugins::AgentPlugin& found : plugins::find_agent_plugins(options)) {
        const auto same_name = [&](const plugins::AgentPlugin& other) {
            return other.is_used() && other.name == found.name;
        };
        if (found.is_used() && std::any_of(out.all.begin(), out.all.end(), same_name))
            found.refusal = "there is another plugin with the name " + found.name;
        for (const fs::path& library :
             found.is_used() ? found.libraries : std::vector<fs::path>()) {
            std::string sha256 = trust.hash_of(folder / found.folder.filename(), library);
            if (!sha256.empty()) {
                out.libraries.push_back({library, std::move(sha256)});
            } else {
                found.problems.push_back(visible(library.string()) +
                                         " is left out: it is not among the trusted files");
            }
        }
        out.all.push_back(std::move(found));
    }
}

std::string server_names(const plugins::AgentPlugin& plugin) {
    std::string names;
    for (const plugins::AgentServer& server : plugin.servers) {
        if (server.problem.empty()) names += (names.empty() ? "" : ", ") + visible(server.name);
    }
    return names;
}

/// Where the first of an id's keys was written, and that key.
std::string first_key(const std::string& id, const config::PluginSettings& plugin) {
    if (plugin.origins.empty()) return "plugins." + id + ".*";
    const auto& [name, origin] = *plugin.origins.begin();
    return origin + ": plugins." + id + "." + visible(name);
}

}  // namespace

std::vector<fs::path> AgentPlugins::roots() const {
    std::vector<fs::path> out;
    for (const plugins::AgentPlugin& plugin : all)
        if (plugin.is_used() && !plugin.skills.empty()) out.push_back(plugin.root);
    return out;
}

std::vector<plugins::SkillsOfPlugin> AgentPlugins::skills() const {
    std::vector<plugins::SkillsOfPlugin> out;
    for (const plugins::AgentPlugin& plugin : all) {
        if (!plugin.is_used() || plugin.skills.empty()) continue;
        plugins::SkillsOfPlugin skills{plugin.name, {}};
        for (const plugins::AgentSkill& skill : plugin.skills)
            skills.folders.push_back(skill.folder);
        out.push_back(std::move(skills));
    }
    return out;
}

std::vector<std::string> AgentPlugins::notices() const {
    std::vector<std::string> out;
    for (const plugins::AgentPlugin& plugin : all) {
        if (!plugin.enabled) continue;
        if (!plugin.refusal.empty()) {
            out.push_back("plugin " + plugin.folder.string() + " is left out: " + plugin.refusal);
            continue;
        }
        for (const std::string& problem : plugin.problems)
            out.push_back("plugin " + plugin.name + ": " + problem);
        if (const std::string names = server_names(plugin); !names.empty())
            out.push_back("plugin " + plugin.name +
                          ": MCP servers are not supported yet and are not started: " + names);
    }
    return out;
}

AgentPlugins find_agent_plugins(const config::Settings& settings) {
    plugins::AgentPluginOptions options;
    options.folders = settings.plugins.path;
    options.is_switched_off = [&settings](const std::string& name) {
        return is_switched_off(settings, name);
    };
    AgentPlugins out;
    out.all = plugins::find_agent_plugins(options);
    for (const plugins::AgentPlugin& plugin : out.all) {
        if (!plugin.is_used()) continue;
        for (const fs::path& library : plugin.libraries)
            out.libraries.push_back({library, {}});
    }
    add_of_workspace(settings, std::move(options), out);
    return out;
}

std::map<std::string, plugins::PluginOptions> plugin_options(
    const config::Settings::Plugins& settings) {
    std::map<std::string, plugins::PluginOptions> options;
    for (const auto& [id, plugin] : settings.by_id)
        options[id] = {plugin.enabled, plugin.isolated, plugin.call_timeout,
                       plugin.grants,  plugin.own,      plugin.origins};
    return options;
}

plugins::LoaderOptions loader_options(const config::Settings& settings, const AgentPlugins& agents,
                                      plugins::LogSink log) {
    plugins::LoaderOptions options;
    options.folders = settings.plugins.path;
    options.listed = agents.libraries;
    options.first_party_folder = settings.prefix / "lib/tenon/plugins";
    options.state_dir = settings.state_dir;
    options.workspace = settings.workspace.string();
    options.home = settings.home;
    options.hidden = config::hidden_from_plugins(settings);
    options.plugin_host = settings.prefix / "libexec/tenon/tenon-plugin-host";
    options.by_id = plugin_options(settings.plugins);
    options.grants_locks = settings.plugins.grants_locks;
    if (auto able = sandbox::check_plugin_confinement(); !able)
        options.cannot_confine = able.error().message;
    if (settings.plugins.require == "known") options.allow_file = settings.plugins.allow_file;
    options.log = std::move(log);
    return options;
}

plugins::LoaderOptions loader_options(const config::Settings& settings, plugins::LogSink log) {
    return loader_options(settings, find_agent_plugins(settings), std::move(log));
}

std::vector<plugins::WatchedFolder> watched_folders(const config::Settings& settings,
                                                    const AgentPlugins& agents) {
    std::vector<plugins::WatchedFolder> out;
    for (const fs::path& folder : settings.plugins.path)
        out.push_back({folder, true});
    const fs::path of_workspace = config::workspace_plugins_folder(settings.workspace);
    const auto is_trusted = [&](const plugins::AgentPlugin& plugin) {
        return plugin.is_used() && plugin.folder.parent_path() == of_workspace;
    };
    if (std::any_of(agents.all.begin(), agents.all.end(), is_trusted))
        out.push_back({of_workspace, false});
    return out;
}

std::vector<std::string> unknown_plugins(const config::Settings& settings,
                                         const AgentPlugins& agents,
                                         const std::set<std::string>& ids,
                                         const std::vector<plugins::Problem>& problems) {
    const std::vector<std::string_view> known(ids.begin(), ids.end());
    std::vector<std::string> out;
    for (const auto& [id, plugin] : settings.plugins.by_id) {
        const auto names_agent = [&id = id](const plugins::AgentPlugin& agent) {
            return agent.name == id || agent.name.starts_with(id + ".");
        };
        // A file that was refused may have any id; most often its name says which.
        const auto names_it = [&id = id](const plugins::Problem& problem) {
            return problem.file.stem() == id;
        };
        if (ids.count(id) > 0 || std::any_of(agents.all.begin(), agents.all.end(), names_agent) ||
            std::any_of(problems.begin(), problems.end(), names_it))
            continue;
        const auto meant = nearest(id, known);
        out.push_back(first_key(id, plugin) + " has no effect: no plugin with the id " + id +
                      " was found" +
                      (meant ? "; did you mean plugins." + std::string(*meant) + "?" : ""));
    }
    return out;
}

std::vector<std::string> useless_plugin_keys(const std::string& id,
                                             const config::PluginSettings& plugin, bool isolated) {
    const auto origin = plugin.origins.find("callTimeout");
    if (isolated || origin == plugin.origins.end()) return {};
    return {origin->second + ": plugins." + id +
            ".callTimeout has no effect: the plugin runs in the host" +
            (plugin.isolated ? " (plugins." + id + ".isolated=false)" : "") +
            ", where a call that takes too long cannot be ended"};
}

std::vector<std::string> doubtful_plugin_keys(const config::Settings& settings,
                                              const std::set<std::string>& checked) {
    if (settings.plugins.by_id.empty()) return {};
    const AgentPlugins agents = find_agent_plugins(settings);
    const plugins::Scan found = plugins::scan(
        loader_options(settings, agents, [](std::string_view, int, std::string_view) {}));
    auto out = unknown_plugins(settings, agents, found.ids, found.problems);
    for (const auto& [id, plugin] : settings.plugins.by_id) {
        if (checked.count(id) > 0) continue;
        for (const auto& [name, ignored] : plugin.own) {
            const auto meant = config::misspelt_plugin_key(name);
            if (!meant) continue;
            const auto origin = plugin.origins.find(name);
            out.push_back(
                (origin == plugin.origins.end() ? "" : origin->second + ": ") + "plugins." + id +
                "." + visible(name) +
                " is no key of Tenon; unless the plugin has this key, did you mean plugins." + id +
                "." + std::string(*meant) + "?");
        }
    }
    return out;
}

}  // namespace tenon::session
