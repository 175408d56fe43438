#include <algorithm>

#include "host/session/open_session.h"

namespace tenon::session {

namespace fs = std::filesystem;

namespace {

std::string text_of(const plugins::FolderWatch::Change& change) {
    using Kind = plugins::FolderWatch::Kind;
    const std::string file = "plugin file " + change.file.string();
    if (change.kind == Kind::kRemoved)
        return file + " was removed; what it offers stays until /reload or the end of the session";
    return file + (change.kind == Kind::kAppeared ? " has appeared" : " has changed") +
           "; /reload or the next session loads it";
}

}  // namespace

/// The notices come on the thread that watches jobs, also while the session is idle. That thread
/// ends before what it uses here.
void OpenSession::watch_plugin_files() {
    if (plugin_files_->descriptor() < 0) return;
    queue_->watch_also({plugin_files_->descriptor(), [files = &*plugin_files_, sink = &sink_] {
                            const auto news = files->take_events();
                            for (const auto& change : news.changes)
                                sink->on_event(agent::Notice{text_of(change)});
                            return news.again;
                        }});
}

void OpenSession::report_plugin_files() {
    if (plugin_files_->sees_everything()) return;
    for (const auto& change : plugin_files_->look())
        notice(text_of(change));
}

/// Reports what is new about them. Their skills stay those of the start.
void OpenSession::look_at_agent_plugins() {
    const auto before = agent_plugins_.notices();
    agent_plugins_ = find_agent_plugins(settings_);
    for (std::string& text : agent_plugins_.notices()) {
        if (std::find(before.begin(), before.end(), text) == before.end()) notice(std::move(text));
    }
}

/// First-party plugins are loaded in place and stay.
void OpenSession::unload_removed_plugins(std::vector<std::string>& done) {
    std::vector<std::pair<std::string, fs::path>> removed;
    for (const auto& plugin : registry_->plugins()) {
        std::error_code failed;
        const auto status = fs::symlink_status(plugin->file(), failed);
        if (!plugin->first_party() && status.type() == fs::file_type::not_found)
            removed.emplace_back(plugin->id(), plugin->file());
    }
    for (const auto& [id, file] : removed) {
        registry_->remove(id);
        done.push_back("unloaded " + id + ": " + file.string() + " was removed");
    }
}

Result<std::vector<std::string>> OpenSession::reload() {
    if (auto recovered = loop_->recover(); !recovered) return recovered.error();
    (void)plugin_files_->look();
    const auto changed = plugin_files_->take_reported();
    look_at_agent_plugins();
    std::vector<std::string> done;
    plugins::LoaderOptions options = loader_options();
    for (const auto& plugin : registry_->plugins()) {
        const bool has_changed = changed.count(plugin->file()) > 0;
        const bool begins_anew = has_changed || plugin->disabled();
        if (!begins_anew || plugin->first_party()) options.skip.insert(plugin->file());
        if (has_changed && plugin->first_party())
            done.push_back(plugin->id() + " has changed; it is loaded when tenon starts again");
    }
    plugins::Loaded loaded = plugins::load(options, services_);
    if (auto fine = check_for_shortage(loaded); !fine) {
        plugin_files_->keep_reported(changed);  // for the next attempt
        return fine.error();
    }
    plugin_problems_.clear();
    list_refused_directories();
    for (const auto& problem : loaded.problems) {
        report_left_out(problem);
        // Its old version may still be in use, and only a file that has changed is loaded again.
        if (changed.count(problem.file) > 0) plugin_files_->keep_reported({problem.file});
    }
    for (auto& plugin : loaded.plugins) {
        const std::string what =
            plugin->id() + " " + plugin->version() + " (" + plugin->file().string() + ")";
        report_warnings(*plugin);
        plugin->begin_session(session_->head().id, "resumed");
        if (auto added = registry_->replace(std::move(plugin)); !added) {
            report_left_out(added.error());
        } else {
            done.push_back("loaded " + what);
        }
    }
    unload_removed_plugins(done);
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
