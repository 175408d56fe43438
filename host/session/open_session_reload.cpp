#include "host/session/open_session.h"

namespace tenon::session {

namespace fs = std::filesystem;

std::vector<fs::path> OpenSession::changed_plugin_files() {
    std::vector<fs::path> changed = plugin_files_->look();
    changed_plugins_.insert(changed.begin(), changed.end());
    return changed;
}

/// Whether the session has other tools now. The whole lists are compared, not only the names: a new
/// version of a plugin may describe the same tools differently.
Result<bool> OpenSession::record_tools() {
    const std::string tools = tools_json();
    if (tools == session_->head().tools) return false;
    if (auto written = session_->change_tools(tools); !written) return written.error();
    return true;
}

/// Before a request, when no call runs: asks the plugins that have requested it for their tools.
Result<void> OpenSession::take_up_changed_tools() {
    std::set<std::string, std::less<>> changed;
    {
        const Lock lock(changed_tools_mutex_);
        changed.swap(changed_tools_);
    }
    if (changed.empty()) return {};
    const std::string before = tools_json();
    std::string names;
    for (const std::string& id : changed) {
        if (auto refreshed = registry_->refresh_tools(id); !refreshed) {
            const plugins::Problem& problem = refreshed.error();
            notice("plugin " + id + " keeps its tools: " + problem.reason + " (" + problem.remedy +
                   ")");
        } else {
            names += (names.empty() ? "" : ", ") + id;
        }
    }
    // The session may have been resumed with a recorded list of the same names, which stays then.
    if (tools_json() == before) return {};
    if (auto recorded = record_tools(); !recorded) return recorded.error();
    notice("the tools of " + names + " have changed; the next request carries them");
    return {};
}

void OpenSession::read_plugin_settings(std::vector<std::string>& done) {
    if (!options_.run.read_plugin_settings) return;
    auto read = options_.run.read_plugin_settings();
    if (read) {
        reread_plugins_ = std::move(*read);
    } else {
        done.push_back("the configuration stays as it was: " + read.error().message);
    }
}

/// Passes changed keys to the plugins that are not loaded again.
void OpenSession::reconfigure_plugins(const plugins::LoaderOptions& options,
                                      std::vector<std::string>& done) {
    for (const auto& plugin : registry_->plugins()) {
        if (options.skip.count(plugin->file()) == 0) continue;
        const auto known = options.by_id.find(plugin->id());
        const auto taken = plugin->reconfigure(known != options.by_id.end()
                                                   ? known->second.own
                                                   : std::map<std::string, std::string>());
        if (!taken) {
            done.push_back(plugin->id() + " keeps its configuration: " + taken.error().reason +
                           " (" + taken.error().remedy + ")");
        } else if (*taken) {
            done.push_back(plugin->id() + " has its new configuration");
        }
    }
}

Result<std::vector<std::string>> OpenSession::reload() {
    if (auto recovered = loop_->recover(); !recovered) return recovered.error();
    (void)changed_plugin_files();
    const auto changed = std::exchange(changed_plugins_, {});
    std::vector<std::string> done;
    read_plugin_settings(done);
    plugins::LoaderOptions options = loader_options();
    for (const auto& plugin : registry_->plugins()) {
        const bool has_changed = changed.count(plugin->file()) > 0;
        // A disabled plugin gets a new instance, and with it another chance.
        if ((!has_changed || plugin->first_party()) && !plugin->disabled())
            options.skip.insert(plugin->file());
        if (has_changed && plugin->first_party())
            done.push_back(plugin->id() + " has changed; it is loaded when tenon starts again");
    }
    reconfigure_plugins(options, done);
    plugins::Loaded loaded = plugins::load(options, services_);
    if (auto fine = check_for_shortage(loaded); !fine) {
        changed_plugins_ = changed;  // for the next attempt
        return fine.error();
    }
    plugin_problems_.clear();
    for (const auto& problem : loaded.problems)
        report_left_out(problem);
    for (auto& plugin : loaded.plugins) {
        const std::string id = plugin->id();
        const std::string what =
            id + " " + plugin->version() + " (" + plugin->file().string() + ")";
        registry_->remove(id);
        plugin->begin_session(session_->head().id, "resumed");
        if (auto added = registry_->add(std::move(plugin)); !added) {
            report_left_out(added.error());
        } else {
            done.push_back("loaded " + what);
        }
    }
    auto changed_tools = record_tools();
    if (!changed_tools) return changed_tools.error();
    if (*changed_tools) done.emplace_back("the tools have changed; the next request carries them");
    if (done.empty()) done.emplace_back("nothing to load: no plugin file has appeared or changed");
    return done;
}

}  // namespace tenon::session
