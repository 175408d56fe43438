#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "host/agent/loop.h"
#include "host/agent/session.h"
#include "host/agent/tool_batch.h"
#include "host/base/secrets.h"
#include "host/config/settings.h"
#include "host/jobs/queue.h"
#include "host/model/window.h"
#include "host/permission/gate.h"
#include "host/plugins/folder_watch.h"
#include "host/plugins/loader.h"
#include "host/plugins/path_service.h"
#include "host/plugins/registry.h"
#include "host/plugins/services.h"
#include "host/plugins/state_service.h"
#include "host/session/agent_file_service.h"
#include "host/session/job_inbox.h"
#include "host/session/run_setup.h"
#include "host/session/session_jobs.h"
#include "host/session/skill_folders.h"
#include "host/session/subagents.h"

namespace tenon::session {

/// Why a host could not be made, and the exit code that says so.
struct StartFailure {
    std::string message;
    int exit_code = 2;
};

/// What an orderly end did to the background jobs that end with their session.
struct EndedJobs {
    std::vector<jobs::JobId> cancelled;
    std::vector<jobs::JobId> left;  ///< have not ended in time
    std::size_t unfinished = 0;     ///< of all jobs, foreground ones too
};
/// The same as a sentence for a person; empty when there was none.
std::string to_text(const EndedJobs& ended);

/// What a session, or its tools alone, are opened with. `run` and `sink` outlive them.
struct OpenOptions {
    const RunSetup& run;
    agent::EventSink& sink;
    std::string session_id;  ///< empty: tools without a session (see OpenTools)
    bool wait_for_jobs = true;
    permission::Asker* asker = nullptr;  ///< null: nobody can be asked
    /// Called when the end of a background job can be delivered; any thread. Must only wake
    /// somebody.
    std::function<void()> on_news = {};
};

/// The tools of a workspace and what their calls use: permissions, plugins, jobs and the services
/// of the host. Holds no conversation and needs no model: it serves `tenon tool`, and a session is
/// built on it. Created and used on one thread.
///
/// Without a session, jobs belong to no session, plugins store nothing for a session, and there
/// are no subagents.
class OpenTools {
public:
    /// Loads the plugins for calls without a session; `options.session_id` is empty. Opens no
    /// journal.
    static Result<std::unique_ptr<OpenTools>, StartFailure> create(OpenOptions options);
    virtual ~OpenTools() = default;
    OpenTools(const OpenTools&) = delete;
    OpenTools& operator=(const OpenTools&) = delete;

    [[nodiscard]] const plugins::Registry& registry() const { return *registry_; }
    [[nodiscard]] plugins::Registry& registry() { return *registry_; }

    /// Judges the call and runs it, for a caller that has checked the arguments
    /// (agent::Tool::check). Blocks until the call has ended, soon after `stop` is requested. The
    /// text of the result is valid UTF-8 without known keys.
    agent::CallOutcome call(agent::Tool& tool, const agent::ToolCall& call, std::stop_token stop);

    /// Leaves unfinished background jobs to their supervisors. Blocks until each of them has begun
    /// or ended, since nobody would start it later; after `stop`, those that have not are
    /// cancelled.
    void leave_jobs_running(const std::stop_token& stop);

protected:
    explicit OpenTools(OpenOptions options)
        : options_(std::move(options)),
          settings_(options_.run.settings),
          sink_(options_.sink),
          secrets_(options_.run.secrets) {}

    /// The steps of opening that come before the plugins are loaded.
    Result<void, StartFailure> prepare();
    Result<void, StartFailure> load_plugins();
    static Result<void> check_for_shortage(const plugins::Loaded& loaded);
    [[nodiscard]] plugins::LoaderOptions loader_options() const;
    void leave_out(const plugins::Problem& problem);
    [[nodiscard]] std::filesystem::path session_folder() const {
        return settings_.state_dir / "sessions" / options_.session_id;
    }
    void notice(std::string text) { sink_.on_event(agent::Notice{std::move(text)}); }

    const OpenOptions options_;
    const config::Settings& settings_;
    agent::EventSink& sink_;
    const Secrets& secrets_;

    // In the order of creation; each uses those before it.
    std::unique_ptr<permission::Gate> gate_;
    std::optional<jobs::Store> store_;
    std::atomic<bool> reported_no_namespace_ = false;
    std::unique_ptr<jobs::Queue> queue_;
    journal::Deliveries deliveries_;
    std::unique_ptr<SessionJobs> session_jobs_;
    std::unique_ptr<plugins::PathService> paths_;
    std::unique_ptr<AgentFileService> agent_files_;
    std::unique_ptr<plugins::StateService> state_;
    plugins::Services services_;
    const std::unique_ptr<plugins::Registry> registry_ = std::make_unique<plugins::Registry>();
    std::optional<plugins::FolderWatch> plugin_files_;
    std::vector<plugins::Problem> plugin_problems_;

private:
    Result<void, StartFailure> make_folders();
    Result<void, StartFailure> make_gate();
    Result<void, StartFailure> make_queue();
    void make_services();
    [[nodiscard]] std::string command_tool() const;
    [[nodiscard]] std::vector<std::filesystem::path> readable_folders() const;
    [[nodiscard]] SkillFolders folders_of_skills() const {
        return skill_folders(settings_.workspace, settings_.home, settings_.config_dir,
                             settings_.prefix);
    }
};

/// One session with everything around it: its tools, journal and loop. Made and used
/// on one thread, but for what says "any thread". Its end lets running jobs be: end them first with
/// `end_jobs`, or `leave_jobs`.
class OpenSession final : public OpenTools {
public:
    /// Opens or creates the session and takes over its jobs; where it fails behind that, it ends
    /// them, as any orderly end does.
    static Result<std::unique_ptr<OpenSession>, StartFailure> create(OpenOptions options);

    /// Says the prompt and goes on until there is nothing to do.
    agent::RunResult run(std::string_view prompt, std::stop_token stop);

    /// Without a prompt: delivers the ends of jobs that have ended meanwhile, and goes on from
    /// there.
    agent::RunResult wake(std::stop_token stop) {
        return with_subagents(loop_->wake(std::move(stop)));
    }

    /// Has the model sum up the conversation, which the summary then replaces.
    agent::RunResult compact(const std::string& focus, std::stop_token stop) {
        return loop_->compact(focus, std::move(stop));
    }

    /// Empties the conversation; jobs, tools and model stay as they are.
    Result<void> clear();

    /// An orderly end: every session job is cancelled.
    EndedJobs end_jobs(std::string_view by);
    void leave_jobs() { queue_->leave(); }
    /// Removes old jobs whose end is delivered, of all sessions; at most once a day, since it reads
    /// the whole store. For the end of a run.
    void clean_up_jobs() const;

    /// From the next request on.
    Result<void> change_model(const std::string& model) { return session_->change_model(model); }

    /// Plugin files that appeared, changed or went since the last look.
    [[nodiscard]] std::vector<std::filesystem::path> changed_plugin_files();
    /// Loads plugin files that appeared or changed; the requests to come carry the tools there are
    /// then. Between turns. Returns what was done, a line each.
    Result<std::vector<std::string>> reload();
    /// The files that were left out when plugins were last loaded.
    [[nodiscard]] const std::vector<plugins::Problem>& plugin_problems() const {
        return plugin_problems_;
    }

    /// Whether `wake` would have an end to deliver.
    [[nodiscard]] bool has_undelivered() { return inbox_->has_undelivered(); }

    // Any thread.
    [[nodiscard]] jobs::QueueLoad load() const { return queue_->load(); }
    /// The background jobs of the session, in the order of submission, known keys taken out.
    [[nodiscard]] std::vector<jobs::JobRecord> background_jobs() const;
    Result<void> cancel_job(const jobs::JobId& id, std::string_view by) {
        return queue_->cancel(id, by);
    }
    /// Moves the running foreground commands of the conversation itself to the background. Returns
    /// how many.
    std::size_t move_to_background() { return session_jobs_->move_to_background(); }
    [[nodiscard]] std::size_t waiting_questions() const { return gate_->waiting_questions(); }

    [[nodiscard]] const agent::Session& session() const { return *session_; }
    /// The background jobs that were unfinished when this host began, and those it started.
    [[nodiscard]] std::vector<jobs::JobRecord> jobs_of_this_run() const;

private:
    using OpenTools::OpenTools;

    void add_services();
    void report_unknown_rules();
    Result<void, StartFailure> open_session();
    void take_over_jobs();
    Result<void, StartFailure> take_workspace();
    Result<void> settle_conversation();
    Result<void> set_the_scene();
    Result<void> prepare_conversation();
    void end_early();
    void make_windows();
    void make_subagents();
    agent::RunResult with_subagents(agent::RunResult result);
    [[nodiscard]] agent::LoopOptions loop_options() const;
    [[nodiscard]] std::string tools_json() const;
    [[nodiscard]] std::string background_tool() const;

    // In the order of creation; each uses those before it.
    std::set<std::filesystem::path> changed_plugins_;  // since they were loaded
    std::vector<plugins::HookText> prompts_of_plugins_;
    std::optional<agent::Session> session_;
    std::unique_ptr<model::Windows> windows_;
    std::unique_ptr<Subagents> subagents_;
    std::unique_ptr<JobInbox> inbox_;
    std::unique_ptr<agent::Loop> loop_;
    std::string moved_from_;  // the workspace that the session had until now; else empty
    std::set<std::string> jobs_of_earlier_runs_;
    bool scene_is_set_ = false;  // in this conversation
};

}  // namespace tenon::session
