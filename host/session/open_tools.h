#pragma once

#include <atomic>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "host/agent/tool_batch.h"
#include "host/base/mutex.h"
#include "host/base/secrets.h"
#include "host/config/settings.h"
#include "host/jobs/queue.h"
#include "host/journal/deliveries.h"
#include "host/permission/gate.h"
#include "host/plugin/printed_output.h"
#include "host/plugins/folder_watch.h"
#include "host/plugins/loader.h"
#include "host/plugins/path_service.h"
#include "host/plugins/registry.h"
#include "host/plugins/services.h"
#include "host/plugins/state_service.h"
#include "host/session/agent_file_service.h"
#include "host/session/agent_plugins.h"
#include "host/session/containment.h"
#include "host/session/run_setup.h"
#include "host/session/session_jobs.h"
#include "host/session/skill_folders.h"

namespace tenon::session {

/// Why the session or its tools could not be opened, and the exit code for it.
struct StartFailure {
    std::string message;
    int exit_code = 2;
};

/// The text of an exception for a person. `what()` of Poco's exceptions is only the name of the
/// class.
std::string failure_text(const std::exception& failure);

/// What a session, or tools without a session, are opened with. `run` and `sink` outlive them.
struct OpenOptions {
    const RunSetup& run;
    agent::EventSink& sink;
    std::string session_id;  ///< empty: tools without a session (see OpenTools)
    bool wait_for_jobs = true;
    /// A plugin file to load besides those of the configuration; it takes the place of the plugin
    /// with its id. Empty: none.
    std::filesystem::path plugin_file = {};
    permission::Asker* asker = nullptr;  ///< null: nobody can be asked
    /// What the session had when this host had it open before; none: it begins as configured.
    std::optional<permission::SessionPermissions> permissions = {};
    /// Rules that the person has added permanently since the configuration was read.
    std::vector<std::string> added_rules = {};
    /// Called when the end of a background job can be delivered; any thread. Must only wake
    /// somebody.
    std::function<void()> on_notification = {};
    /// Prompts that a run of the session delivers with tool results. Outlives the session; null:
    /// there are none.
    agent::WaitingPrompts* prompts = nullptr;
};

/// The tools of a workspace and what their calls use: permissions, plugins, jobs and the services
/// of the host. Used by `tenon tool`, and as the base of OpenSession, which uses all of its
/// members. Has no conversation and needs no model. Created and used on one thread.
///
/// Without a session, jobs belong to no session, plugins store nothing for a session, and there
/// are no subagents.
class OpenTools {
public:
    /// Loads the plugins for calls without a session; `options.session_id` is empty. Opens no
    /// journal.
    static Result<std::unique_ptr<OpenTools>, StartFailure> create(OpenOptions options);
    ~OpenTools() = default;
    OpenTools(const OpenTools&) = delete;
    OpenTools& operator=(const OpenTools&) = delete;

    [[nodiscard]] const plugins::Registry& registry() const { return *registry_; }
    [[nodiscard]] plugins::Registry& registry() { return *registry_; }

    /// The plugins that were left out.
    [[nodiscard]] const std::vector<plugins::Problem>& plugin_problems() const {
        return plugin_problems_;
    }

    /// Checks the permission for the call and runs it. The caller has checked the arguments
    /// (agent::Tool::check). Blocks until the call has ended, which is soon after a stop. The text
    /// of the result is valid UTF-8 without known secrets.
    agent::CallOutcome call(agent::Tool& tool, const agent::ToolCall& call, std::stop_token stop);

    /// Leaves unfinished background jobs to their supervisors. Blocks until each of them has
    /// started or ended, since nobody would start it later. After a stop, those that have not
    /// started are cancelled.
    void leave_jobs_after_start(const std::stop_token& stop);

protected:
    explicit OpenTools(OpenOptions options)
        : options_(std::move(options)),
          settings_(options_.run.settings),
          sink_(options_.sink),
          secrets_(options_.run.secrets) {}

    /// The steps before the plugins are loaded.
    Result<void, StartFailure> prepare();
    Result<void, StartFailure> load_plugins();
    /// Must be called before plugins are loaded.
    Result<void> take_printed_output();
    static Result<void> check_for_shortage(const plugins::Loaded& loaded);
    [[nodiscard]] plugins::LoaderOptions loader_options() const;
    [[nodiscard]] std::vector<std::string> tool_names() const;
    void report_left_out(const plugins::Problem& problem);
    /// Rules that name a tool that nobody has. `tools` are names that count as known besides.
    void report_unknown_rules(const permission::Rules& rules, std::vector<std::string> tools = {});
    void report_warnings(const plugins::Plugin& plugin);
    void list_refused_directories();
    void report_missing_plugins(const plugins::Loaded& loaded);
    [[nodiscard]] std::filesystem::path session_folder() const {
        return settings_.state_dir / "sessions" / options_.session_id;
    }
    void notice(std::string text) { sink_.on_event(agent::Notice{std::move(text)}); }

    const OpenOptions options_;
    const config::Settings& settings_;
    agent::EventSink& sink_;
    const Secrets& secrets_;

    // In the order of creation; each may use those before it.
    AgentPlugins agent_plugins_;
    std::optional<plugins::FolderWatch>
        plugin_files_;  // of a session; a thread of the queue uses it
    std::set<std::filesystem::path> first_party_files_;  // of a session, as it began; likewise
    std::unique_ptr<permission::RuleGate> gate_;
    std::unique_ptr<Containments> containments_;
    std::atomic<bool> own_command_runs_ = false;  ///< no call of the model runs then
    std::optional<jobs::Store> store_;
    std::atomic<bool> reported_no_namespace_ = false;
    std::unique_ptr<jobs::Queue> queue_;
    journal::Deliveries deliveries_;
    std::unique_ptr<SessionJobs> session_jobs_;
    std::unique_ptr<plugins::PathService> paths_;
    std::unique_ptr<AgentFileService> agent_files_;
    std::unique_ptr<plugins::StateService> state_;
    Mutex changed_tools_mutex_;
    /// Plugins that have requested tools.changed/1; what they have now is not known yet.
    std::set<std::string, std::less<>> changed_tools_ TENON_GUARDED_BY(changed_tools_mutex_);
    plugins::Services services_;
    std::unique_ptr<plugin::PrintedOutput> printed_;  // while a plugin runs inside the host
    std::set<std::string> printing_;                  // the plugins that `printed_` is for
    const std::unique_ptr<plugins::Registry> registry_ = std::make_unique<plugins::Registry>();
    std::vector<plugins::Problem> plugin_problems_;
    /// The settings of plugins that /reload has read; before that those of `settings_` hold.
    std::optional<config::Settings::Plugins> reread_plugins_;

private:
    Result<void, StartFailure> make_folders();
    Result<void, StartFailure> make_gate();
    Result<void, StartFailure> make_queue();
    void make_services();
    void report_unknown_rules_of_options();
    void add_missing_tools(const permission::Rules& rules, std::vector<std::string>& tools) const;
    [[nodiscard]] std::string command_tool() const;
    [[nodiscard]] std::vector<std::filesystem::path> readable_folders() const;
    [[nodiscard]] SkillFolders folders_of_skills() const {
        return skill_folders(settings_.workspace, settings_.home, settings_.config_dir,
                             settings_.prefix);
    }
};

}  // namespace tenon::session
