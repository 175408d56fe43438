#include <algorithm>

#include "host/session/open_session.h"

namespace tenon::session {

namespace fs = std::filesystem;

namespace {

/// A first-party plugin is loaded in place, so that /reload can neither replace nor unload it.
std::string text_of(const plugins::FolderWatch::Change& change,
                    const std::set<fs::path>& first_party) {
    using Kind = plugins::FolderWatch::Kind;
    const bool is_own = first_party.count(change.file) > 0;
    const std::string file = "plugin file " + change.file.string();
    if (change.kind == Kind::kRemoved)
        return file + " was removed; what it offers stays until " + (is_own ? "" : "/reload or ") +
               "the end of the session";
    return file + (change.kind == Kind::kAppeared ? " has appeared" : " has changed") +
           (is_own ? "; it is loaded when tenon starts again"
                   : "; /reload or the next session loads it");
}

using Configured = std::map<std::string, plugins::PluginOptions>;

plugins::PluginOptions options_of(const Configured& all, const std::string& id) {
    const auto found = all.find(id);
    return found != all.end() ? found->second : plugins::PluginOptions();
}

/// Whether the keys of the host for this plugin have changed: where it runs, and what it may do.
bool runs_otherwise(const Configured& before, const Configured& now, const std::string& id) {
    const plugins::PluginOptions old = options_of(before, id), fresh = options_of(now, id);
    return old.isolated != fresh.isolated || old.grants != fresh.grants ||
           old.call_timeout != fresh.call_timeout;
}

/// Whether the plugin may do less than it could when it was loaded.
bool has_lost_rights(const plugins::Plugin& plugin, const Configured& before,
                     const Configured& now) {
    const plugins::PluginOptions old = options_of(before, plugin.id());
    const plugins::PluginOptions fresh = options_of(now, plugin.id());
    const auto is_gone = [&](const std::string& grant) {
        return std::find(fresh.grants.begin(), fresh.grants.end(), grant) == fresh.grants.end();
    };
    return std::any_of(old.grants.begin(), old.grants.end(), is_gone) ||
           (!plugin.isolated() && fresh.isolated.value_or(!plugin.first_party()));
}

std::set<std::string> ids_of(const plugins::Loaded& loaded) {
    std::set<std::string> ids;
    for (const auto& plugin : loaded.plugins)
        ids.insert(plugin->id());
    return ids;
}

bool lists(const std::vector<plugins::ListedFile>& files, const fs::path& file) {
    return std::any_of(files.begin(), files.end(),
                       [&](const plugins::ListedFile& one) { return one.path == file; });
}

}  // namespace

/// The notices come on the thread that watches jobs, also while the session is idle. That thread
/// ends before what it uses here.
void OpenSession::watch_plugin_files() {
    if (plugin_files_->descriptor() < 0) return;
    queue_->watch_also({plugin_files_->descriptor(),
                        [files = &*plugin_files_, own = &first_party_files_, sink = &sink_] {
                            const auto news = files->take_events();
                            for (const auto& change : news.changes)
                                sink->on_event(agent::Notice{text_of(change, *own)});
                            return news.again;
                        }});
}

void OpenSession::report_plugin_files() {
    if (plugin_files_->sees_everything()) return;
    for (const auto& change : plugin_files_->look())
        notice(text_of(change, first_party_files_));
}

/// Reports what is new about them. Their skills stay those of the start.
void OpenSession::look_at_agent_plugins() {
    const auto before = agent_plugins_.notices();
    config::Settings settings = settings_;
    if (reread_plugins_) settings.plugins.by_id = reread_plugins_->by_id;
    agent_plugins_ = find_agent_plugins(settings);
    for (std::string& text : agent_plugins_.notices()) {
        if (std::find(before.begin(), before.end(), text) == before.end()) notice(std::move(text));
    }
}

/// Also those of a directory in the Agent Plugins form that is not used any more.
void OpenSession::unload_switched_off_plugins(const plugins::LoaderOptions& before,
                                              const plugins::LoaderOptions& options,
                                              std::vector<std::string>& done) {
    std::vector<std::string> gone;
    for (const auto& plugin : registry_->plugins()) {
        if (lists(before.listed, plugin->file()) && !lists(options.listed, plugin->file()))
            gone.push_back(plugin->id());
    }
    for (const std::string& id : gone) {
        registry_->remove(id);
        done.push_back("unloaded " + id + ": its directory is not used any more");
    }
    for (const auto& [id, configured] : options.by_id) {
        const auto is_it = [&id = id](const auto& plugin) { return plugin->id() == id; };
        const auto& loaded = registry_->plugins();
        if (configured.enabled || std::none_of(loaded.begin(), loaded.end(), is_it)) continue;
        registry_->remove(id);
        done.push_back("unloaded " + id + ": it is switched off");
    }
}

/// First-party plugins are loaded in place and stay. Those of `replaced` have a new version.
void OpenSession::unload_removed_plugins(const std::set<std::string>& replaced,
                                         std::vector<std::string>& done) {
    std::vector<std::pair<std::string, fs::path>> removed;
    for (const auto& plugin : registry_->plugins()) {
        std::error_code failed;
        const auto status = fs::symlink_status(plugin->file(), failed);
        if (!plugin->first_party() && status.type() == fs::file_type::not_found &&
            replaced.count(plugin->id()) == 0)
            removed.emplace_back(plugin->id(), plugin->file());
    }
    for (const auto& [id, file] : removed) {
        registry_->remove(id);
        done.push_back("unloaded " + id + ": " + file.string() + " was removed");
    }
}

/// The old version of a plugin that cannot be loaded again stays in use, but not with rights that
/// were taken away. Those of `replaced` have a new version.
void OpenSession::unload_without_rights(const plugins::LoaderOptions& before,
                                        const plugins::LoaderOptions& now,
                                        const std::set<std::string>& replaced,
                                        std::vector<std::string>& done) {
    std::vector<std::string> ids;
    for (const auto& plugin : registry_->plugins()) {
        if (replaced.count(plugin->id()) == 0 && has_lost_rights(*plugin, before.by_id, now.by_id))
            ids.push_back(plugin->id());
    }
    for (const std::string& id : ids) {
        registry_->remove(id);
        done.push_back("unloaded " + id + ": it may not do any more what it could");
    }
}

/// Says of each file that was not loaded whether its old version stays.
void OpenSession::report_not_loaded(const std::vector<plugins::Problem>& problems) {
    for (const plugins::Problem& problem : problems) {
        const auto& loaded = registry_->plugins();
        const auto is_it = [&](const auto& plugin) { return plugin->file() == problem.file; };
        if (std::none_of(loaded.begin(), loaded.end(), is_it)) {
            report_left_out(problem);
            continue;
        }
        notice("plugin " + problem.file.string() + " keeps its old version: " + problem.reason +
               (problem.remedy.empty() ? "" : " (" + problem.remedy + ")"));
        plugin_problems_.push_back(problem);
    }
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
        const auto found = options.by_id.find(plugin->id());
        const plugins::PluginOptions configured =
            found != options.by_id.end() ? found->second : plugins::PluginOptions();
        const auto known_warnings = plugin->warnings();
        const auto taken = plugin->reconfigure(configured.own, configured.origins);
        if (plugin->warnings() != known_warnings) report_warnings(*plugin);
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
    (void)plugin_files_->look();
    const auto changed = plugin_files_->take_reported();
    std::vector<std::string> done;
    const auto before = loader_options();
    const auto settings_before = reread_plugins_;
    const auto give_up = [&](Error why) {
        // For the next attempt.
        plugin_files_->keep_reported(changed);
        reread_plugins_ = settings_before;
        return why;
    };
    read_plugin_settings(done);
    if (auto taken = take_printed_output(); !taken) return give_up(taken.error());
    look_at_agent_plugins();
    plugins::LoaderOptions options = loader_options();
    for (const auto& plugin : registry_->plugins()) {
        const bool has_changed = changed.count(plugin->file()) > 0;
        // A disabled plugin gets a new instance, and with it another chance.
        const bool is_loaded_again = (has_changed && !plugin->first_party()) ||
                                     plugin->disabled() ||
                                     runs_otherwise(before.by_id, options.by_id, plugin->id());
        if (!is_loaded_again) options.skip.insert(plugin->file());
        if (has_changed && plugin->first_party())
            done.push_back(plugin->id() + " has changed; it is loaded when tenon starts again");
    }
    reconfigure_plugins(options, done);
    plugins::Loaded loaded = plugins::load(options, services_);
    if (auto fine = check_for_shortage(loaded); !fine) return give_up(fine.error());
    plugin_problems_.clear();
    list_refused_directories();
    for (const auto& problem : loaded.problems) {
        // Its old version may still be in use, and only a file that has changed is loaded again.
        if (changed.count(problem.file) > 0) plugin_files_->keep_reported({problem.file});
    }
    // Before the new ones are added, which may have tools of the same names.
    unload_removed_plugins(ids_of(loaded), done);
    unload_switched_off_plugins(before, options, done);
    unload_without_rights(before, options, ids_of(loaded), done);
    std::set<std::string> replaced;
    for (auto& plugin : loaded.plugins) {
        const std::string id = plugin->id(), what = plugin->id() + " " + plugin->version() + " (" +
                                                    plugin->file().string() + ")";
        report_warnings(*plugin);
        plugin->begin_session(session_->head().id, "resumed");
        if (auto added = registry_->replace(std::move(plugin)); !added) {
            loaded.problems.push_back(added.error());
        } else {
            done.push_back("loaded " + what);
            replaced.insert(id);
        }
    }
    // Also those whose new version was rejected.
    unload_removed_plugins(replaced, done);
    unload_without_rights(before, options, replaced, done);
    report_not_loaded(loaded.problems);
    auto changed_tools = record_tools();
    if (!changed_tools) return changed_tools.error();
    if (*changed_tools) done.emplace_back("the tools have changed; the next request carries them");
    if (done.empty()) done.emplace_back("Nothing to load: no plugin file has appeared or changed.");
    return done;
}

}  // namespace tenon::session
