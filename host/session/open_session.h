#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "host/agent/loop.h"
#include "host/agent/session.h"
#include "host/base/mutex.h"
#include "host/jobs/report.h"
#include "host/jobs/whole_output.h"
#include "host/model/window.h"
#include "host/plugins/named_prompts.h"
#include "host/session/job_inbox.h"
#include "host/session/mode_reminders.h"
#include "host/session/open_tools.h"
#include "host/session/subagents.h"

namespace tenon::session {

/// What the end of a session did to its background jobs.
struct EndedJobs {
    std::vector<jobs::JobId> cancelled;
    std::vector<jobs::JobId> not_ended;  ///< not even after the wait
    /// How many jobs had not ended after the wait, foreground jobs included.
    std::size_t unfinished = 0;
};
/// The same as a sentence for a person; empty if both lists are.
std::string to_text(const EndedJobs& ended);

/// What a running command has printed last.
struct CommandOutputEnd {
    std::string tool_use_id;
    bool of_subagent = false;
    jobs::OutputEnd output;
};

/// One open session: its conversation and journal, its loop, subagents, and tools. Created and used
/// on one thread, except for the functions marked "any thread". The destructor does not end running
/// jobs: call `end_jobs` or `keep_jobs_running` before. Does not talk to a person.
class OpenSession final : private OpenTools {
public:
    using OpenTools::registry;

    /// Opens or creates the session and takes over its jobs. If a later step fails, the jobs are
    /// cancelled, or go on with `--no-wait`.
    static Result<std::unique_ptr<OpenSession>, StartFailure> create(OpenOptions options);

    /// Adds the prompt and runs the loop until there is nothing to do. Blocks.
    agent::RunResult run(std::string_view prompt, std::stop_token stop);

    /// The same with text as a person has typed it: see `prompt_from`. `untyped` follows it as it
    /// is.
    agent::RunResult run_typed(std::string_view typed, std::stop_token stop,
                               std::string_view untyped = {});
    /// What a person has typed, as a prompt: `/NAME ARGUMENTS` with the name of a skill stands for
    /// the skill's text, and files that the text names are attached (attachments.h). An Error: the
    /// skill is denied or could not be read.
    Result<agent::Prompt> prompt_from(std::string_view typed);

    /// Runs a command that the person has typed, in the foreground and without a question, as far
    /// as no deny rule forbids it, in the configured sandbox also in the mode plan. Command and
    /// output become a text of the conversation, which the next request contains. Blocks.
    agent::RunResult run_own_command(const std::string& command, std::stop_token stop);

    /// The skills that a person can name, also those that have appeared since the last call.
    /// Between turns only.
    [[nodiscard]] std::vector<plugins::NamedPrompt> skills() const {
        return plugins::named_prompts(*registry_);
    }

    /// Delivers the ends of jobs and runs the loop as `run` does, without a prompt.
    agent::RunResult wake(std::stop_token stop) {
        return with_subagents(loop_->wake(std::move(stop)));
    }

    /// Asks the model for a summary, which then replaces the conversation. Blocks.
    agent::RunResult compact(const std::string& focus, std::stop_token stop) {
        return loop_->compact(focus, std::move(stop));
    }

    /// Empties the conversation; jobs, tools and model stay as they are.
    Result<void> clear();

    /// Cancels every job that ends with its session, and waits for a limited time.
    EndedJobs end_jobs(std::string_view by);
    /// Starts no more jobs; running ones go on, queued ones stay recorded. Does not wait.
    void keep_jobs_running() { queue_->leave(); }
    /// Removes old jobs of all sessions whose end is delivered. Does so at most once a day, since
    /// it reads the whole store. To be called at the end of a run.
    void clean_up_jobs() const;

    /// Used from the next request on. The Error says that model.name is locked, or that the journal
    /// cannot be written.
    Result<void> change_model(const std::string& model);

    /// Plugin files that appear, change or are removed are reported as notices, soon. Only where
    /// the kernel does not watch all their directories, they are reported here.
    void report_plugin_files();
    /// Loads plugin files that have appeared or changed, and unloads third-party plugins whose
    /// files were removed; later requests have the new list of tools. A new version that cannot be
    /// used leaves the old one in use. The configuration of plugins is read again: a plugin that
    /// stays loaded gets its new keys, or keeps the old ones if it refuses them. Skills of
    /// directories that appeared are offered by the next session. Call it between turns, when no
    /// call of a plugin runs. Returns one line for each thing that was done.
    Result<std::vector<std::string>> reload();
    /// The files that were left out when plugins were last loaded.
    [[nodiscard]] const std::vector<plugins::Problem>& plugin_problems() const {
        return plugin_problems_;
    }

    /// Whether `wake` would deliver an end.
    [[nodiscard]] bool has_undelivered() { return inbox_->has_undelivered(); }

    // Any thread:
    [[nodiscard]] jobs::QueueLoad load() const { return queue_->load(); }
    /// The background jobs of the session without known secrets, in the order of submission.
    [[nodiscard]] std::vector<jobs::JobRecord> background_jobs() const;
    /// The one of them with this id, without a look at the others.
    [[nodiscard]] std::optional<jobs::JobRecord> background_job(const jobs::JobId& id) const;
    /// The end of what the running commands of calls have printed, at most `max_bytes` of each.
    [[nodiscard]] std::vector<CommandOutputEnd> running_commands(std::size_t max_bytes) const;
    /// The same for one of the background jobs of the session.
    [[nodiscard]] jobs::OutputEnd job_output_end(const jobs::JobRecord& job,
                                                 std::size_t max_bytes) const;
    /// All that one of them has printed; see WholeOutput. To be used while the session is open.
    [[nodiscard]] jobs::WholeOutput job_output(const jobs::JobRecord& job,
                                               std::uint64_t max_bytes) const;
    Result<void> cancel_job(const jobs::JobId& id, std::string_view by) {
        return queue_->cancel(id, by);
    }
    /// Moves the running foreground commands of the conversation itself to the background. Returns
    /// how many.
    std::size_t move_to_background() { return session_jobs_->move_to_background(); }
    [[nodiscard]] std::size_t waiting_questions() const { return gate_->waiting_questions(); }
    /// The rules of the session and its permission mode. Only the functions of the gate about rules
    /// and the mode are for others than calls.
    [[nodiscard]] permission::RuleGate& gate() { return *gate_; }
    /// How the permission mode may be changed.
    [[nodiscard]] permission::StanceLimits stance_limits() const;
    /// The context window of a model in tokens, where it is known.
    [[nodiscard]] std::optional<std::int64_t> context_window(const agent::AskedModel& model) const {
        return windows_of(model).window(name_of(model));
    }

    // The owner's thread again:
    /// The session's model.
    [[nodiscard]] agent::ModelName model() const {
        return {session_->head().provider, session_->head().model};
    }
    [[nodiscard]] const agent::Session& session() const { return *session_; }
    /// All background jobs except those whose end was already delivered when the session was
    /// opened.
    [[nodiscard]] std::vector<jobs::JobRecord> jobs_of_this_run() const;

private:
    explicit OpenSession(OpenOptions options) : OpenTools(std::move(options)) {}

    // open_session_typed.cpp
    Result<agent::Prompt> typed_prompt(std::string_view typed) const;
    void attach_named_files(agent::Prompt& prompt, std::string_view typed);
    [[nodiscard]] const agent::ToolSpec* foreground_tool() const;
    agent::RunResult run_prompt(const agent::Prompt& prompt, std::stop_token stop);

    void add_services();
    Result<void, StartFailure> open_session();
    void adopt_jobs();
    Result<void, StartFailure> check_workspace();
    [[nodiscard]] agent::ModelName wanted_model() const;
    [[nodiscard]] std::filesystem::path journal_path() const;
    Result<void> update_model();
    Result<void> record_model(const agent::ModelName& model);
    Result<void> update_conversation();
    Result<void> add_environment();
    Result<void> prepare_conversation();
    void end_after_failure();
    void watch_plugin_files();
    void look_at_agent_plugins();
    void unload_removed_plugins(const std::set<std::string>& replaced,
                                std::vector<std::string>& done);
    void unload_switched_off_plugins(const plugins::LoaderOptions& before,
                                     const plugins::LoaderOptions& options,
                                     std::vector<std::string>& done);
    void unload_without_rights(const plugins::LoaderOptions& before,
                               const plugins::LoaderOptions& now,
                               const std::set<std::string>& replaced,
                               std::vector<std::string>& done);
    void report_not_loaded(const std::vector<plugins::Problem>& problems);
    void make_windows();
    void make_provider();
    void report_small_window(std::string_view model);
    [[nodiscard]] model::Windows& windows_of(const agent::AskedModel& asked) const;
    [[nodiscard]] std::string_view name_of(const agent::AskedModel& asked) const;
    void make_subagents();
    agent::RunResult with_subagents(agent::RunResult result);
    [[nodiscard]] agent::LoopOptions loop_options();
    [[nodiscard]] std::string tools_json() const;
    [[nodiscard]] std::string background_tool() const;
    plugins::ServiceReply run_subagent(const plugins::ServiceRequest& request);
    [[nodiscard]] const agent::ToolSpec* subagent_tool() const;

    // open_session_reload.cpp
    Result<void> take_up_changed_tools();
    void read_plugin_settings(std::vector<std::string>& done);
    void reconfigure_plugins(const plugins::LoaderOptions& options, std::vector<std::string>& done);
    Result<bool> record_tools();

    // In the order of creation; each may use those before it.
    std::vector<plugins::HookText> prompts_of_plugins_;
    std::optional<agent::Session> session_;
    /// Of the configured server, then of those of the fallback models.
    std::vector<std::unique_ptr<model::Windows>> windows_;
    std::unique_ptr<WindowProbe> provider_;  // of the session's own conversation
    std::unique_ptr<Subagents> subagents_;
    std::unique_ptr<JobInbox> inbox_;
    std::unique_ptr<ModeReminders> reminders_;
    std::unique_ptr<agent::Loop> loop_;
    std::string moved_from_;  // the workspace that the session had until now; else empty
    std::set<std::string> jobs_of_earlier_runs_;
    bool has_environment_ = false;  // in this conversation
    /// Of system prompt and tools, estimated. The thread that asks for the window reads it.
    std::atomic<std::int64_t> fixed_tokens_ = 0;
    std::atomic<bool> small_window_reported_ = false;
};

}  // namespace tenon::session
