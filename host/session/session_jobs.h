#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "host/base/mutex.h"
#include "host/base/secrets.h"
#include "host/jobs/queue.h"
#include "host/jobs/store.h"
#include "host/journal/deliveries.h"
#include "host/plugins/services.h"
#include "host/session/job_spec.h"

namespace tenon::session {

/// The jobs of one session for plugins: the services `job.*` (sdk/README.md). A third-party plugin
/// sees only the jobs that it submitted. Reserves the ends that calls read, but does not deliver
/// them: the session does. The arguments of the constructor outlive the object. Thread-safe; calls
/// may block until a job ends or the call is stopped.
class SessionJobs {
public:
    /// Why the command of a third-party plugin may not run; empty: it may.
    using JudgeCommand = std::function<std::string(const plugins::ServiceRequest& request,
                                                   const std::string& command)>;

    SessionJobs(const jobs::Store& store, jobs::Queue& queue, journal::Deliveries& deliveries,
                CommandSettings settings, JudgeCommand judge, const Secrets& secrets)
        : store_(store),
          queue_(queue),
          deliveries_(deliveries),
          settings_(std::move(settings)),
          judge_(std::move(judge)),
          secrets_(secrets) {}

    void add_to(plugins::Services& services);
    /// Moves the running foreground commands of the conversation itself, not of subagents, to the
    /// background; the calls that wait for them return. Returns how many.
    std::size_t move_to_background();

private:
    using ServiceRequest = plugins::ServiceRequest;
    using ServiceReply = plugins::ServiceReply;

    ServiceReply submit(const ServiceRequest& request);
    ServiceReply wait_for(const ServiceRequest& request);
    ServiceReply list(const ServiceRequest& request);
    ServiceReply read(const ServiceRequest& request);
    ServiceReply to_background(const ServiceRequest& request);
    ServiceReply cancel(const ServiceRequest& request);

    /// The jobs that one call waits for.
    struct Awaited {
        std::vector<std::string> ids;  ///< all of them
        std::vector<std::string> unfinished;
        std::vector<std::string> foreground;  ///< commands of the call itself
        bool has_undelivered_end = false;     ///< a job has ended, and its end is not delivered yet
    };
    [[nodiscard]] Result<Awaited> awaited_by(const ServiceRequest& request) const;
    [[nodiscard]] bool is_stopped_before_an_end(const Awaited& awaited,
                                                const ServiceRequest& request,
                                                std::chrono::milliseconds timeout) const;
    [[nodiscard]] Json ends_for(const ServiceRequest& request,
                                const std::vector<jobs::JobRecord>& jobs);
    void deliver_end(const ServiceRequest& request, const jobs::JobRecord& job, Json& answer);
    /// One of the session's jobs, if the plugin may see it.
    [[nodiscard]] Result<jobs::JobRecord> find(const ServiceRequest& request,
                                               const std::string& id) const;
    ServiceReply end_of_subagents_job(const ServiceRequest& request, const std::string& id);
    void end_foreground(const std::vector<jobs::JobRecord>& jobs, const std::string& tool_use_id);
    /// Whether the waiting call submitted this job in the foreground, even if it has moved since.
    [[nodiscard]] bool is_own_foreground(const jobs::JobRecord& job,
                                         const std::string& tool_use_id) const;
    [[nodiscard]] Json describe(const jobs::JobRecord& job) const;

    const jobs::Store& store_;
    jobs::Queue& queue_;
    journal::Deliveries& deliveries_;
    CommandSettings settings_;
    JudgeCommand judge_;
    const Secrets& secrets_;
    mutable Mutex mutex_;
    std::set<std::string> moved_ TENON_GUARDED_BY(mutex_);  // by a person, to the background
};

}  // namespace tenon::session
