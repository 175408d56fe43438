#include "host/session/open_session.h"

namespace tenon::session {

namespace fs = std::filesystem;

std::vector<fs::path> OpenSession::changed_plugin_files() {
    std::vector<fs::path> changed = plugin_files_->look();
    changed_plugins_.insert(changed.begin(), changed.end());
    return changed;
}

Result<std::vector<std::string>> OpenSession::reload() {
    if (auto recovered = loop_->recover(); !recovered) return recovered.error();
    (void)changed_plugin_files();
    const auto changed = std::exchange(changed_plugins_, {});
    std::vector<std::string> done;
    plugins::LoaderOptions options = loader_options();
    for (const auto& plugin : registry_->plugins()) {
        const bool has_changed = changed.count(plugin->file()) > 0;
        // A disabled plugin gets a new instance, and with it another chance.
        if ((!has_changed || plugin->first_party()) && !plugin->disabled())
            options.skip.insert(plugin->file());
        if (has_changed && plugin->first_party())
            done.push_back(plugin->id() + " has changed; it is loaded when tenon starts again");
    }
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
    // The whole lists are compared, not only the names: a new version of a plugin may describe the
    // same tools differently.
    const std::string tools = tools_json();
    if (tools != session_->head().tools) {
        if (auto written = session_->change_tools(tools); !written) return written.error();
        done.emplace_back("the tools have changed; the next request carries them");
    }
    if (done.empty()) done.emplace_back("nothing to load: no plugin file has appeared or changed");
    return done;
}

}  // namespace tenon::session
