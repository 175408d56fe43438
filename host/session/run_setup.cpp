#include "host/session/run_setup.h"

#include <filesystem>

#include "host/base/limits.h"
#include "host/session/session_choice.h"

namespace tenon::session {
namespace {

Result<void> settle_model(config::Settings::Model& model) {
    const bool replays = model.provider == "replay";
    if (!model.replay_file.empty() && !replays)
        return Error{"--replay and -D model.provider=" + model.provider + " exclude each other"};
    if (replays && model.name.empty()) model.name = "replay";
    if (!model.name.empty()) return {};
    return Error{
        "no model is named: use --model NAME, model.name in the configuration, or "
        "TENON_MODEL"};
}

/// The directories that somebody named on the command line must exist.
Result<void> check_plugin_folders(const config::Table& table) {
    for (const config::Setting& folder : table.list("plugins.path")) {
        const std::string& path = folder.value.text;
        std::error_code ignored;
        if (folder.origin == "--plugin-dir" && !std::filesystem::is_directory(path, ignored))
            return Error{"--plugin-dir " + path + ": no such directory"};
    }
    return {};
}

std::optional<std::string> model_of_command_line(const config::Table& table) {
    const config::Setting* name = table.find("model.name");
    if (name == nullptr || (name->origin != "--model" && name->origin != "-D")) return std::nullopt;
    return name->value.text;
}

Result<void> make_providers(const config::Credentials& credentials, RunSetup& setup) {
    auto source = make_provider_source(setup.settings.model, credentials, setup.secrets);
    if (!source) return source.error();
    setup.providers = *std::move(source);
    auto provider = setup.providers();
    if (!provider) return provider.error();
    setup.provider = *std::move(provider);
    return {};
}

Result<void> choose_session(const RunRequest& request, RunSetup& setup) {
    if (request.continue_last) {
        auto last = latest_session(setup.settings.state_dir / "sessions", setup.settings.workspace);
        if (!last) return last.error();
        setup.session_id = *std::move(last);
    } else {
        setup.session_id = request.session ? *request.session : new_session_id();
    }
    if (!request.session) return {};
    const NamedSession named{*request.session, request.workspace_named,
                             setup.settings.permissions.yes};
    const auto moves = is_to_be_moved(named, setup.settings, request.ask);
    if (!moves) return moves.error();
    if (*moves) setup.moved_session = setup.session_id;
    return {};
}

}  // namespace

Result<std::unique_ptr<RunSetup>> prepare_tools(const config::Configuration& configuration) {
    if (auto checked = check_plugin_folders(configuration.table); !checked) return checked.error();
    auto setup = std::make_unique<RunSetup>();
    setup->settings = configuration.settings;
    configuration.credentials.add_to(setup->secrets);
    // The first session changes the limit of this process.
    setup->descriptor_limit = descriptor_limit();
    return setup;
}

Result<std::unique_ptr<RunSetup>> prepare_run(const config::Configuration& configuration,
                                              const RunRequest& request) {
    auto prepared = prepare_tools(configuration);
    if (!prepared) return prepared;
    auto setup = *std::move(prepared);
    setup->model = model_of_command_line(configuration.table);
    setup->leave_jobs = request.leave_jobs;
    if (auto settled = settle_model(setup->settings.model); !settled) return settled.error();
    if (auto made = make_providers(configuration.credentials, *setup); !made) return made.error();
    if (auto chosen = choose_session(request, *setup); !chosen) return chosen.error();
    return setup;
}

}  // namespace tenon::session
