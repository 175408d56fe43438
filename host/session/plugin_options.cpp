#include "host/session/plugin_options.h"

namespace tenon::session {

plugins::LoaderOptions loader_options(const config::Settings& settings, plugins::LogSink log) {
    plugins::LoaderOptions options;
    options.folders = settings.plugins.path;
    options.first_party_folder = settings.prefix / "lib/tenon/plugins";
    options.state_dir = settings.state_dir;
    options.workspace = settings.workspace.string();
    for (const auto& [id, plugin] : settings.plugins.by_id)
        options.by_id[id] = {plugin.enabled, plugin.isolated, plugin.own};
    options.log = std::move(log);
    return options;
}

}  // namespace tenon::session
