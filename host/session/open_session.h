#pragma once

#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "host/agent/loop.h"
#include "host/agent/session.h"
#include "host/model/window.h"
#include "host/session/job_inbox.h"
#include "host/session/open_tools.h"
#include "host/session/subagents.h"

namespace tenon::session {

/// What an orderly end did to the background jobs that end with their session.
struct EndedJobs {
    std::vector<jobs::JobId> cancelled;
    std::vector<jobs::JobId> left;  ///< have not ended in time
    std::size_t unfinished = 0;     ///< of all jobs, foreground ones too
};
/// The same as a sentence for a person; empty when there was none.
std::string to_text(const EndedJobs& ended);

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
    Result<void> update_conversation();
    Result<void> add_environment();
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
    bool has_environment_ = false;  // in this conversation
};

}  // namespace tenon::session
