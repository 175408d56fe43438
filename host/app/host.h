#pragma once

#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "host/agent/loop.h"
#include "host/agent/session.h"
#include "host/app/provider.h"
#include "host/app/session_jobs.h"
#include "host/app/settings.h"
#include "host/app/subagents.h"
#include "host/base/secrets.h"
#include "host/jobs/queue.h"
#include "host/permission/gate.h"
#include "host/plugins/path_service.h"
#include "host/plugins/registry.h"
#include "host/plugins/services.h"
#include "host/plugins/state_service.h"

namespace tenon::app {

/// Why a host could not be made, and the exit code that says so.
struct StartFailure {
    std::string message;
    int exit_code = 2;
};

/// What a host is made of, besides the settings.
struct HostOptions {
    std::filesystem::path prefix;  ///< of this installation
    std::filesystem::path home;    ///< of the user; may be empty
    std::string session_id;
    std::optional<std::string> model;  ///< asked for on the command line: changes a session's model
    bool wait_for_jobs = true;
    ProviderSource providers;            ///< for subagents; null: they cannot be run
    jobs::Launcher* launcher = nullptr;  ///< outlives the host; null: shims are started from here
    permission::Asker* asker = nullptr;  ///< null: nobody can be asked
};

/// One session with everything around it: permissions, plugins, jobs, journal, loop. Made and used
/// on one thread. Its end lets running jobs be: end them first with `end_jobs`, or `leave_jobs`.
class Host {
public:
    /// Opens or creates the session and takes over its jobs. `provider`, `sink` and `secrets`
    /// outlive the host.
    static Result<std::unique_ptr<Host>, StartFailure> create(const Settings& settings,
                                                              HostOptions options,
                                                              agent::Provider& provider,
                                                              agent::EventSink& sink,
                                                              const Secrets& secrets);

    /// Says the prompt and goes on until there is nothing to do.
    agent::RunResult run(std::string_view prompt, std::stop_token stop) {
        return with_subagents(loop_->run(prompt, std::move(stop)));
    }

    /// Without a prompt: tells what jobs have ended meanwhile, and goes on from there.
    agent::RunResult wake(std::stop_token stop) {
        return with_subagents(loop_->wake(std::move(stop)));
    }

    /// Has the model sum up the conversation, which the summary then replaces.
    agent::RunResult compact(const std::string& focus, std::stop_token stop) {
        return loop_->compact(focus, std::move(stop));
    }

    /// Empties the conversation; jobs, tools and model stay as they are.
    Result<void> clear();

    /// An orderly end: every session job is cancelled. Returns how many have not ended in time.
    std::size_t end_jobs(std::string_view by) { return queue_->cancel_session_jobs(by); }
    void leave_jobs() { queue_->leave(); }
    /// Removes old jobs that have been told, of all sessions; at most once a day, since it reads
    /// the whole store. For the end of a run.
    void clean_up_jobs() const;

    [[nodiscard]] const agent::Session& session() const { return *session_; }
    /// The background jobs that were unfinished when this host began, and those it started.
    [[nodiscard]] std::vector<jobs::JobRecord> jobs_of_this_run() const;

private:
    Host(const Settings& settings, HostOptions options, agent::EventSink& sink,
         const Secrets& secrets)
        : settings_(settings), options_(std::move(options)), sink_(sink), secrets_(secrets) {}

    Result<void, StartFailure> make_folders();
    Result<void, StartFailure> make_gate();
    Result<void, StartFailure> make_queue();
    void make_services();
    void load_plugins();
    void report_unknown_rules();
    Result<void, StartFailure> open_session();
    void take_over_jobs();
    Result<void> settle_conversation();
    Result<void> set_the_scene();
    void make_subagents();
    agent::RunResult with_subagents(agent::RunResult result);
    [[nodiscard]] agent::LoopOptions loop_options() const;
    [[nodiscard]] std::filesystem::path session_folder() const {
        return settings_.state_dir / "sessions" / options_.session_id;
    }
    [[nodiscard]] std::vector<std::filesystem::path> readable_folders() const;
    [[nodiscard]] std::string tools_json() const;
    void notice(std::string text) { sink_.on_event(agent::Notice{std::move(text)}); }

    const Settings settings_;
    const HostOptions options_;
    agent::EventSink& sink_;
    const Secrets& secrets_;

    // In the order of making; each uses those before it.
    std::unique_ptr<permission::Gate> gate_;
    std::optional<jobs::Store> store_;
    std::unique_ptr<jobs::Queue> queue_;
    std::unique_ptr<SessionJobs> session_jobs_;
    std::unique_ptr<plugins::PathService> paths_;
    std::unique_ptr<plugins::StateService> state_;
    plugins::Services services_;
    std::unique_ptr<plugins::Registry> registry_;
    std::vector<plugins::Words> prompts_of_plugins_;
    std::optional<agent::Session> session_;
    std::unique_ptr<Subagents> subagents_;
    std::unique_ptr<agent::Loop> loop_;
    std::set<std::string> jobs_of_earlier_runs_;
};

}  // namespace tenon::app
