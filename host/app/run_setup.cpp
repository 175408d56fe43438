#include "host/app/run_setup.h"

#include "host/app/provider.h"
#include "host/app/session_choice.h"
#include "host/base/limits.h"

namespace tenon::app {
namespace {

Result<std::string> choose_session(const Options& options, const Settings& settings) {
    if (options.session) return *options.session;
    if (options.continue_last)
        return latest_session(settings.state_dir / "sessions", settings.workspace);
    return new_session_id();
}

/// A folder that somebody named is expected to be there.
std::optional<std::string> missing_plugin_folder(const Options& options) {
    for (const auto& folder : options.plugin_dirs) {
        std::error_code ignored;
        if (!std::filesystem::is_directory(folder, ignored))
            return "--plugin-dir " + folder.string() + ": no such folder";
    }
    return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<RunSetup>> prepare_run(const Options& options, const Loaded& loaded) {
    auto setup = std::make_unique<RunSetup>();
    Settings& settings = setup->settings;
    settings = loaded.settings;
    if (settings.model.provider == "replay" && settings.model.name.empty())
        settings.model.name = "replay";
    if (settings.model.name.empty()) {
        return Error{
            "no model is named: use --model NAME, model.name in the configuration, or "
            "TENON_MODEL"};
    }
    if (const auto missing = missing_plugin_folder(options)) return Error{*missing};
    loaded.credentials.add_to(setup->secrets);
    auto providers = make_provider_source(settings.model, loaded.credentials, setup->secrets);
    if (!providers) return providers.error();
    setup->providers = std::move(*providers);
    auto provider = setup->providers();
    if (!provider) return provider.error();
    setup->provider = std::move(*provider);
    auto session = choose_session(options, settings);
    if (!session) return session.error();
    setup->session_id = *session;
    // Here and once: the first host changes it.
    setup->descriptor_limit = descriptor_limit();
    return setup;
}

HostOptions host_options_of(const Options& options, const Sources& sources, const RunSetup& setup,
                            jobs::Launcher* launcher) {
    HostOptions host;
    host.prefix = sources.prefix;
    const Places places = places_of(sources.environment, sources.cwd);
    host.home = places.home;
    host.config = places.config;
    host.session_id = setup.session_id;
    host.launcher = launcher;
    host.descriptor_limit = setup.descriptor_limit;
    host.model = options.model;
    host.providers = setup.providers;
    return host;
}

}  // namespace tenon::app
