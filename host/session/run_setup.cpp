#include "host/session/run_setup.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <tuple>
#include <vector>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/limits.h"
#include "host/base/untrusted.h"
#include "host/session/answer_schema.h"
#include "host/session/run_needs.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kModelListTimeout{2};

struct JournalFile {
    fs::file_time_type written;
    fs::path path;
};

std::vector<JournalFile> newest_first(const fs::path& folder) {
    std::vector<JournalFile> files;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        const fs::directory_entry& entry = *at;
        std::error_code ignored;
        if (entry.path().extension() == ".jsonl" && entry.is_regular_file(ignored)) {
            files.push_back({entry.last_write_time(ignored), entry.path()});
        }
    }
    std::sort(files.begin(), files.end(), [](const JournalFile& a, const JournalFile& b) {
        return std::tie(b.written, b.path) < std::tie(a.written, a.path);
    });
    return files;
}

/// Whether the folder certainly does not exist. One that cannot be examined may exist.
bool is_gone(const fs::path& folder) {
    struct stat info {};
    if (::stat(folder.c_str(), &info) == 0) return !S_ISDIR(info.st_mode);
    return errno == ENOENT || errno == ENOTDIR;
}

/// A new id that sorts by time: 20261121-081530-9f3c.
std::string new_session_id() {
    return local_time_as("%Y%m%d-%H%M%S-", wall_clock_ms()) + random_hex(4);
}

/// A session that the command line names.
struct NamedSession {
    std::string id;                ///< --session
    bool workspace_named = false;  ///< with --workspace
    bool yes = false;              ///< --yes
};

/// Whether the session is to be moved to the workspace of `settings`: its own workspace no longer
/// exists, --workspace was given, and --yes or the answer to the question says so. Error: it
/// belongs to another workspace and is not moved. The session is moved when it is opened, under the
/// lock of its journal.
Result<bool> is_to_be_moved(const NamedSession& named, const config::Settings& settings,
                            const std::function<bool(const std::string& question)>& ask) {
    const fs::path journal = settings.state_dir / "sessions" / (named.id + ".jsonl");
    std::error_code missing;
    if (!fs::is_regular_file(journal, missing)) return false;
    const auto old = journal::workspace_of_session(journal);
    // If the journal is damaged, opening the session reports it.
    if (!old || *old == settings.workspace.native()) return false;

    const std::string belongs = "session '" + named.id + "' belongs to the workspace " + *old;
    if (!is_gone(*old)) {
        return Error{belongs + ", not to " + settings.workspace.string() +
                     "; go there, or use --workspace " + *old};
    }
    const std::string how =
        "--session " + named.id + " --workspace " + settings.workspace.string() + " --yes";
    if (!named.workspace_named) {
        return Error{belongs + ", which no longer exists; to move the session here: " + how};
    }
    if (named.yes) return true;
    if (!ask) {
        return Error{belongs +
                     ", which no longer exists, and there is no terminal to ask on; to "
                     "move the session: " +
                     how};
    }
    if (ask("The " + belongs + ", which no longer exists. Move it to " +
            settings.workspace.string() + "?"))
        return true;
    return Error{belongs + "; it was not moved"};
}

Result<void> complete_model(config::Settings::Model& model) {
    const bool replays = model.provider == "replay";
    if (!model.replay_file.empty() && !replays)
        return Error{"--replay needs model.provider=replay, and model.provider is " +
                     model.provider};
    if (replays && model.name.empty()) model.name = "replay";
    return {};
}

/// A run must not end because of a key when the first model has failed, perhaps after hours.
Result<void> check_fallback_keys(const config::Settings::Model& model,
                                 const config::Credentials& credentials) {
    if (model.provider == "replay") return {};
    for (const auto& fallback : model.fallbacks) {
        const MissingNeeds missing = missing_needs(fallback_model(model, fallback), credentials);
        if (missing.key) {
            return Error{what_is_missing(missing) + ", which the fallback model " + fallback.name +
                         " needs:\n  " + line_for_key(fallback.provider)};
        }
    }
    return {};
}

/// Directories that are named on the command line must exist.
Result<void> check_plugin_folders(const config::Table& table) {
    for (const config::Setting& folder : table.list("plugins.path")) {
        const std::string& path = folder.value.text;
        std::error_code ignored;
        if (folder.origin == "--plugin-dir" && !std::filesystem::is_directory(path, ignored))
            return Error{"--plugin-dir " + path + ": no such directory"};
    }
    return {};
}

/// Whether the setting is for sessions that have another one, too: the command line names it, or it
/// is locked, perhaps since the session was begun.
bool is_for_every_session(const config::Table& table, const config::Setting& setting,
                          const std::string& key, std::string_view option) {
    return table.locks().on(key) != nullptr || setting.origin == option || setting.origin == "-D";
}

std::optional<std::string> model_for_sessions(const config::Table& table) {
    const config::Setting* name = table.find("model.name");
    if (name == nullptr || !is_for_every_session(table, *name, "model.name", "--model"))
        return std::nullopt;
    return name->value.text;
}

bool changes_providers(const config::Table& table) {
    const config::Setting* provider = table.find("model.provider");
    return provider == nullptr ||
           is_for_every_session(table, *provider, "model.provider", "--provider");
}

/// What the journal of the request's session says; none: it is a new session.
std::optional<journal::RecordedModel> recorded_model(const RunRequest& request,
                                                     const config::Settings& settings) {
    if (!request.session) return std::nullopt;
    auto recorded =
        journal::model_of_session(settings.state_dir / "sessions" / (*request.session + ".jsonl"));
    return recorded ? std::optional(*std::move(recorded)) : std::nullopt;
}

/// A session that goes on with its provider needs no other name of a model than its own.
void take_recorded_name(const RunRequest& request, config::Settings& settings) {
    if (!settings.model.name.empty() || !settings.model.name_lock.empty()) return;
    const auto recorded = recorded_model(request, settings);
    if (recorded && recorded->provider == settings.model.provider)
        settings.model.name = recorded->name;
}

/// How to go on where the session was, if that is at another server; empty: it is not known.
std::string way_to_recorded_server(const RunRequest& request, const config::Settings& settings) {
    const auto recorded = recorded_model(request, settings);
    if (!recorded || recorded->server.empty() || recorded->server == server_address(settings.model))
        return {};
    return "\n  (the session was at " + visible(recorded->server) + ": --provider " +
           visible(recorded->provider) + " -D model.baseUrl=" + visible(recorded->server) + ")";
}

/// Everything that is missing is said at once, with the lines that a new user can type.
Result<void> check_needs(const RunRequest& request, const config::Settings& settings,
                         const config::Credentials& credentials) {
    const MissingNeeds missing = missing_needs(settings.model, credentials);
    if (missing.none()) return {};
    std::string lines = "\n" + how_to_give(missing, settings);
    for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 3)
        lines.insert(at + 1, "  ");
    return Error{what_is_missing(missing) + ":" + lines +
                 way_to_recorded_server(request, settings) +
                 "\n`tenon doctor` checks everything else."};
}

Result<void> make_providers(const config::Credentials& credentials, RunSetup& setup) {
    auto source = make_provider_source(setup.settings.model, credentials, setup.secrets);
    if (!source) return source.error();
    setup.providers = *std::move(source);
    auto provider = setup.providers();
    if (!provider) return provider.error();
    setup.provider = *std::move(provider);
    setup.ask_for_window = make_window_asker(setup.settings.model, credentials);
    if (setup.settings.model.provider != "replay") {
        setup.list_models = [model = setup.settings.model, credentials](std::stop_token stop) {
            return model_names_of_server(model, credentials, kModelListTimeout, std::move(stop));
        };
    }
    return {};
}

/// A budget of money without prices would never be used up.
Result<void> make_spending(const agent::Budget& budget, RunSetup& setup) {
    const agent::Prices prices = prices_of(setup.settings.model);
    if (budget.money && !prices.known()) {
        return Error{
            "--max-budget-usd needs the prices of the model: set model.price.input and "
            "model.price.output (US dollars for a million tokens), and where its server caches "
            "prompts also model.price.cacheRead and model.price.cacheWrite"};
    }
    using Unstated = agent::Spending::Unstated;
    // What is played back was sent to no server.
    const bool asks_a_server = setup.settings.model.provider != "replay";
    setup.spending = std::make_unique<agent::Spending>(
        prices, budget, asks_a_server ? Unstated::kEstimate : Unstated::kNothing);
    return {};
}

Result<void> choose_session(const RunRequest& request, RunSetup& setup) {
    if (request.continue_last && !request.session) {
        return Error{"--continue: there is no session of " + setup.settings.workspace.string() +
                     " yet"};
    }
    setup.session_id = request.session ? *request.session : new_session_id();
    if (!request.session || request.continue_last) return {};
    const NamedSession named{*request.session, request.workspace_named,
                             setup.settings.permissions.yes};
    const auto moves = is_to_be_moved(named, setup.settings, request.ask);
    if (!moves) return moves.error();
    if (*moves) setup.moved_session = setup.session_id;
    return {};
}

}  // namespace

agent::Prices prices_of(const config::Settings::Model& model) {
    return {model.price.input, model.price.output, model.price.cache_read, model.price.cache_write};
}

Result<std::unique_ptr<RunSetup>> prepare_tools(const config::Configuration& configuration) {
    if (auto checked = check_plugin_folders(configuration.table); !checked) return checked.error();
    auto setup = std::make_unique<RunSetup>();
    setup->settings = configuration.settings;
    configuration.credentials.add_to(setup->secrets);
    // The first session changes the limit of this process.
    setup->descriptor_limit = descriptor_limit();
    return setup;
}

std::optional<std::string> last_session(const config::Settings& settings) {
    for (const JournalFile& file : newest_first(settings.state_dir / "sessions")) {
        const std::string id = file.path.stem().string();
        if (!is_session_id(id)) continue;
        const auto belongs_to = journal::workspace_of_session(file.path);
        if (belongs_to && *belongs_to == settings.workspace.native()) return id;
    }
    return std::nullopt;
}

std::optional<journal::RecordedModel> model_to_keep(const config::Configuration& configuration,
                                                    const RunRequest& request) {
    const config::Settings& settings = configuration.settings;
    if (settings.model.provider == "replay" || changes_providers(configuration.table))
        return std::nullopt;
    auto recorded = recorded_model(request, settings);
    if (!recorded || recorded->provider == settings.model.provider ||
        recorded->provider == "replay")
        return std::nullopt;
    return recorded;
}

Result<std::unique_ptr<RunSetup>> prepare_run(const config::Configuration& configuration,
                                              const RunRequest& request) {
    auto prepared = prepare_tools(configuration);
    if (!prepared) return prepared;
    auto setup = *std::move(prepared);
    setup->model = model_for_sessions(configuration.table);
    setup->changes_providers = !request.provider_is_kept && changes_providers(configuration.table);
    setup->leave_jobs = request.leave_jobs;
    if (request.json_schema) {
        auto form = read_answer_schema(*request.json_schema, setup->settings.home);
        if (!form) return form.error().while_doing("--json-schema");
        setup->answer_form = *std::move(form);
    }
    if (auto checked = complete_model(setup->settings.model); !checked) return checked.error();
    take_recorded_name(request, setup->settings);
    if (auto made = make_spending(request.budget, *setup); !made) return made.error();
    if (auto checked = check_needs(request, setup->settings, configuration.credentials); !checked)
        return checked.error();
    if (auto checked = check_fallback_keys(setup->settings.model, configuration.credentials);
        !checked)
        return checked.error();
    if (auto made = make_providers(configuration.credentials, *setup); !made) return made.error();
    if (auto chosen = choose_session(request, *setup); !chosen) return chosen.error();
    return setup;
}

}  // namespace tenon::session
