#include "host/cli/run_setup.h"

#include <algorithm>
#include <iostream>
#include <unistd.h>

#include "host/base/limits.h"
#include "host/cli/ask.h"
#include "host/session/provider.h"
#include "host/session/session_choice.h"

namespace tenon::cli {
namespace {

Result<std::string> choose_session(const Options& options, const config::Settings& settings) {
    if (options.session) return *options.session;
    if (options.continue_last)
        return session::latest_session(settings.state_dir / "sessions", settings.workspace);
    return session::new_session_id();
}

/// The model that the command line asks for, whichever option says so: the strongest one counts. A
/// session keeps its own model unless there is one.
std::optional<std::string> asked_model(const Options& options, const config::Settings& settings) {
    const bool defined = std::any_of(options.defines.begin(), options.defines.end(),
                                     [](const auto& one) { return one.first == "model.name"; });
    if (!options.model && !defined) return std::nullopt;
    return settings.model.name;
}

/// Empty where nobody can answer.
std::function<bool(const std::string&)> question_on_terminal() {
    if (::isatty(STDIN_FILENO) == 0) return {};
    return
        [](const std::string& question) { return ask_yes_no(question, std::cerr, STDIN_FILENO); };
}

}  // namespace

std::optional<std::string> missing_plugin_folder(const config::Loaded& loaded) {
    for (const config::Entry& entry : loaded.entries) {
        std::error_code ignored;
        if (entry.origin == "--plugin-dir" && !std::filesystem::is_directory(entry.value, ignored))
            return "--plugin-dir " + entry.value + ": no such directory";
    }
    return std::nullopt;
}

Result<std::unique_ptr<RunSetup>> prepare_run(const Options& options,
                                              const config::Loaded& loaded) {
    auto setup = std::make_unique<RunSetup>();
    config::Settings& settings = setup->settings;
    settings = loaded.settings;
    if (options.replay && settings.model.provider != "replay") {
        return Error{"--replay and -D model.provider=" + settings.model.provider +
                     " exclude each other"};
    }
    if (settings.model.provider == "replay" && settings.model.name.empty())
        settings.model.name = "replay";
    if (settings.model.name.empty()) {
        return Error{
            "no model is named: use --model NAME, model.name in the configuration, or "
            "TENON_MODEL"};
    }
    if (const auto missing = missing_plugin_folder(loaded)) return Error{*missing};
    loaded.credentials.add_to(setup->secrets);
    auto providers =
        session::make_provider_source(settings.model, loaded.credentials, setup->secrets);
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
    if (options.session) {
        const session::NamedSession named{*options.session, options.workspace.has_value(),
                                          options.yes};
        const auto moves = session::is_to_be_moved(named, settings, question_on_terminal());
        if (!moves) return moves.error();
        setup->moves_session = *moves;
    }
    return setup;
}

session::OpenOptions host_options_of(const Options& options, const config::Sources& sources,
                                     const RunSetup& setup, jobs::Launcher* launcher) {
    session::OpenOptions host;
    host.prefix = sources.prefix;
    const config::Places places = config::places_of(sources.environment, sources.cwd);
    host.home = places.home;
    host.config = places.config;
    host.session_id = setup.session_id;
    if (setup.moves_session) host.moved_session = setup.session_id;
    host.launcher = launcher;
    host.descriptor_limit = setup.descriptor_limit;
    host.leave_jobs = options.no_wait;
    host.model = asked_model(options, setup.settings);
    host.providers = setup.providers;
    return host;
}

}  // namespace tenon::cli
