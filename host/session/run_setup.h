#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <sys/resource.h>

#include "host/agent/ports.h"
#include "host/agent/spending.h"
#include "host/base/secrets.h"
#include "host/config/configuration.h"
#include "host/jobs/launcher.h"
#include "host/journal/session_list.h"
#include "host/session/provider.h"

namespace tenon::session {

/// What the command line asks of a run, besides its configuration.
struct RunRequest {
    std::optional<std::string> session;  ///< --session, or what --continue means; else a new one
    bool continue_last = false;          ///< --continue: `session` is the last one, if there is one
    bool workspace_named = false;        ///< --workspace: a session may be moved there
    bool provider_is_kept = false;       ///< the provider named is the session's: model_to_keep
    bool leave_jobs = false;             ///< --no-wait: jobs run on after the end of the session
    agent::Budget budget = {};           ///< --max-budget-usd, --max-tokens-total
    std::optional<std::string> json_schema;  ///< --json-schema: a text, or the name of a file
    /// Asks a person a yes-or-no question; empty if nobody can answer.
    std::function<bool(const std::string& question)> ask;
};

/// What all sessions of one run share. The run owns it and keeps it until its last session is
/// closed. The members about a session are not set for tools without a session. Members refer to
/// each other, so it is never moved.
struct RunSetup {
    config::Settings settings;
    Secrets secrets;                            ///< the known ones
    ProviderSource providers;                   ///< for subagents; null: they cannot be run
    std::unique_ptr<agent::Provider> provider;  ///< of a session's own conversation
    /// What all sessions of the run cost. Null for tools without a session.
    std::unique_ptr<agent::Spending> spending;
    jobs::Launcher* launcher = nullptr;  ///< outlives the run; null: shims are started here
    std::string session_id;              ///< of the first session
    /// Empty, or the session whose workspace no longer exists and that is to be moved to the
    /// workspace of `settings`.
    std::string moved_session;
    /// The model that the command line names, or that is locked. A session that has a model keeps
    /// it without this.
    std::optional<std::string> model;
    /// Whether the command line names the provider, or it is locked, so that a session of another
    /// one goes on with it.
    bool changes_providers = false;
    bool leave_jobs = false;  ///< see RunRequest
    /// What the answer of a session's own conversation must be; null: any text.
    std::unique_ptr<const agent::AnswerForm> answer_form;
    /// Reads the configuration again, for /reload; null: it stays as it is. Any thread.
    std::function<Result<config::Settings::Plugins>()> read_plugin_settings = nullptr;
    /// Asks the server which models it offers; blocks for a few seconds at most. Null: there is no
    /// server to ask. One thread at a time.
    std::function<Result<std::vector<std::string>>(std::stop_token stop)> list_models = nullptr;
    /// Asks the server for the window of a model; may be null. Any thread.
    WindowAsker ask_for_window = nullptr;
    rlim_t descriptor_limit = 0;  ///< for commands; 0: that of this process
};

/// What tokens cost, as configured.
agent::Prices prices_of(const config::Settings::Model& model);

/// Prepares tools without a session. The Error (exit 2) names a directory of plugins that is
/// missing. Starts nothing.
Result<std::unique_ptr<RunSetup>> prepare_tools(const config::Configuration& configuration);

/// The session of the workspace whose journal was written last, for --continue; journals that
/// cannot be read are skipped. A run looks for it once, since other runs write theirs meanwhile.
std::optional<std::string> last_session(const config::Settings& settings);

/// The model that the session of this request has, where the run is to go on with its provider
/// although the configuration has another one: the command line names none, and none is locked.
/// Reads a part of the session's journal.
std::optional<journal::RecordedModel> model_to_keep(const config::Configuration& configuration,
                                                    const RunRequest& request);

/// Prepares a run: its model, its providers and the id of its session. Starts nothing; may call
/// `request.ask` and block on it. The Error (exit 2) says what is missing: a model's name, a key, a
/// directory of plugins, a session to continue, a price for a budget of money, a schema that can be
/// used.
Result<std::unique_ptr<RunSetup>> prepare_run(const config::Configuration& configuration,
                                              const RunRequest& request);

}  // namespace tenon::session
