#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/secrets.h"
#include "host/jobs/queue.h"
#include "host/jobs/store.h"
#include "host/plugins/services.h"

namespace tenon::session {

/// The jobs of one session as the rest sees them: to plugins the methods `job.*` (sdk/README.md),
/// where a third-party plugin knows only of the jobs that it submitted; to the loop its inbox.
/// Knows which ends the model has been told. Thread-safe.
class SessionJobs : public agent::Inbox {
public:
    struct Limits {
        std::chrono::milliseconds timeout{};
        std::chrono::milliseconds foreground_timeout{};
        std::uint64_t output_limit = 0;
        std::chrono::milliseconds max_timeout{};  ///< of what a call asks for
        jobs::JobLimits of_each{};
        bool pid_namespace = false;
    };
    /// Whether a stranger's command may run; empty: yes, else what to tell it.
    using JudgeCommand = std::function<std::string(const plugins::ServiceRequest& request,
                                                   const std::string& command)>;

    /// `session_folder` holds what belongs to the session beside its journal. `home` stands for a
    /// leading `~` of a command's directory; it may be empty. `containment` is every command's.
    SessionJobs(jobs::Store store, jobs::Queue& queue, std::filesystem::path workspace,
                std::filesystem::path session_folder, Limits limits, JudgeCommand judge,
                const Secrets& secrets, std::filesystem::path home = {},
                sandbox::Policy containment = {})
        : store_(std::move(store)),
          queue_(queue),
          workspace_(std::move(workspace)),
          session_folder_(std::move(session_folder)),
          limits_(limits),
          judge_(std::move(judge)),
          secrets_(secrets),
          home_(std::move(home)),
          containment_(std::move(containment)) {}

    void add_to(plugins::Services& services);
    std::vector<agent::JobEnded> undelivered() override;
    bool wait(std::stop_token stop) override;
    void told(const std::vector<std::string>& jobs) override;
    std::string table() override;
    std::optional<agent::RecoveredCall> recover(const agent::ToolCall& call,
                                                const agent::ToolFacts& facts) override;
    /// Whether `undelivered` would return something.
    [[nodiscard]] bool has_news();
    /// Moves the running foreground commands of the conversation itself, not of subagents, to the
    /// background; whoever waits for one is told. Returns how many.
    std::size_t move_to_background();

private:
    using Request = plugins::ServiceRequest;
    using Reply = plugins::ServiceReply;

    Reply submit(const Request& request);
    Reply wait_for(const Request& request);
    Reply list(const Request& request);
    Reply read(const Request& request);
    Reply to_background(const Request& request);
    Reply cancel(const Request& request);

    enum class Telling { kThisCall, kAnotherCall, kToldBefore };
    Telling claim(const std::string& job, const std::string& call);
    [[nodiscard]] bool is_claimed(const std::string& job) const;
    /// One of the session's jobs, as far as the plugin may know of it.
    [[nodiscard]] Result<jobs::JobRecord> find(const Request& request, const std::string& id) const;
    Result<jobs::JobSpec> spec_of(const Request& request) const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> limit_of(
        const Request& request, const jobs::JobSpec& spec) const;
    Reply end_of_subagents_job(const Request& request, const std::string& id);
    void end_foreground(const std::vector<jobs::JobRecord>& jobs, const std::string& tool_use_id);
    [[nodiscard]] std::vector<jobs::JobRecord> unfinished_or_untold() const;
    [[nodiscard]] bool is_told(const std::string& job) const;
    /// Whether the call that waits submitted this job in the foreground, be it moved since.
    [[nodiscard]] bool is_own_foreground(const jobs::JobRecord& job,
                                         const std::string& tool_use_id) const;
    [[nodiscard]] std::string preview_of(const jobs::JobRecord& job) const;
    [[nodiscard]] Json describe(const jobs::JobRecord& job) const;
    [[nodiscard]] std::string text_of(const jobs::JobRecord& job, std::size_t max_chars) const;
    void collect_news();
    void forget_delivered() TENON_REQUIRES(mutex_);

    jobs::Store store_;
    jobs::Queue& queue_;
    std::filesystem::path workspace_;
    std::filesystem::path session_folder_;
    Limits limits_;
    JudgeCommand judge_;
    const Secrets& secrets_;
    std::filesystem::path home_;
    sandbox::Policy containment_;
    mutable Mutex mutex_;
    std::set<std::string> told_ TENON_GUARDED_BY(mutex_);
    std::set<std::string> moved_ TENON_GUARDED_BY(mutex_);  // by a person, to the background
    /// Which call under way tells which job's end.
    std::map<std::string, std::string> claims_ TENON_GUARDED_BY(mutex_);
    std::vector<jobs::JobRecord> news_
        TENON_GUARDED_BY(mutex_);  // taken from the queue, their end not yet delivered
};

}  // namespace tenon::session
