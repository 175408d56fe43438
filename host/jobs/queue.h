#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <Poco/Notification.h>
#include <Poco/NotificationQueue.h>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/jobs/admission.h"
#include "host/jobs/job.h"
#include "host/jobs/launch.h"
#include "host/jobs/output_budget.h"
#include "host/jobs/record_sync.h"
#include "host/jobs/store.h"
#include "host/jobs/watcher.h"

namespace Poco {
class TaskManager;
class ThreadPool;
}  // namespace Poco

namespace tenon::jobs {

struct TaskContext;

/// In Queue::ended(): one background job reached its terminal status.
class JobEndedNotification : public Poco::Notification {
public:
    explicit JobEndedNotification(JobRecord ended) : job(std::move(ended)) {}
    const JobRecord job;
};

struct QueueOptions {
    std::string session;  ///< all jobs submitted here belong to it
    Shim shim;
    /// Background jobs. Foreground jobs start at once; see Queue for a shortage of resources.
    std::size_t max_running = 4;
    std::size_t max_queued = 10'000;  ///< more are refused
    std::uint64_t total_output_limit = 4ULL << 30U;
    /// A background job runs now, or has ended. Called on any thread, at most once for each of the
    /// two, with no lock held; must only enqueue, and must not throw.
    std::function<void(const JobRecord&)> on_change;
    /// A job of this host, in the foreground or not, has run without the PID namespace that it
    /// should have had, and why. Under the same conditions, once for each such job.
    std::function<void(const std::string& why)> on_no_pid_namespace;
    /// A notification was posted to `ended`. Called on any thread, with no lock held; must only
    /// wake somebody, and must not throw.
    std::function<void()> on_notification;
};

/// The unfinished background jobs, counted.
struct QueueLoad {
    std::size_t running = 0;
    std::size_t queued = 0;
    std::size_t session_jobs = 0;         ///< of both, those that end with the session
    std::int64_t longest_started_ms = 0;  ///< wall clock; 0: none runs
};

/// The jobs of one session in one host: admits by priority, then first come, at most `max_running`
/// background jobs at once. When this process is short of descriptors, or the user of processes, a
/// job waits until another has ended; foreground jobs go first. When no other job of this queue
/// runs, the job ends as `error` with the reason. Thread-safe; never blocks on a job. Output and
/// the truth about statuses are the store's business; delivering an end to the
/// model is the business of whoever reads `ended`.
class Queue {
public:
    /// Throws when the system has too few resources: std::runtime_error for want of descriptors or
    /// of a thread of its own, Poco::Exception for want of the first thread that runs jobs.
    Queue(Store store, QueueOptions options);
    /// Lets every job go on and joins all threads. Nobody may still be waiting.
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    /// Takes over what earlier hosts of this session left; call it once, before the first `submit`.
    /// - Running jobs are watched. A foreground job goes on as a background job; a subagent's job
    ///   is cancelled.
    /// - Background jobs that have ended without `is_delivered` are posted to `ended`.
    /// - Queued background jobs are queued again in their old order. Queued foreground jobs, and
    ///   queued jobs with a delivered end, are cancelled: they never run.
    /// - Unfinished jobs of another machine are left to its host.
    /// - What killed supervisors left running is ended soon, on another thread if the job has
    ///   ended.
    ///
    /// Returns what could not be read.
    Problems adopt(const std::function<bool(const JobRecord&)>& is_delivered);

    /// Records the job and starts or queues it; `spec.session` is set to ours. A foreground job
    /// starts at once unless resources are short. On Error nothing was recorded and nothing will
    /// run. The record says kRunning or kQueued, or kCancelled when a job in `after` has ended
    /// without having completed.
    Result<JobRecord> submit(JobSpec spec);

    /// One of this session's jobs. Those of others are unknown.
    Result<JobRecord> find(const JobId& id) const;
    /// The job that was submitted for this call of the session's own conversation. For calls
    /// without a result after a restart.
    std::optional<JobRecord> find_by_tool_use(std::string_view tool_use_id) const;
    /// The background jobs of this session in the order of submission.
    std::vector<JobRecord> background_jobs() const;

    [[nodiscard]] QueueLoad load() const;
    /// The foreground jobs that have not ended, also those that wait for resources; without those
    /// of subagents.
    [[nodiscard]] std::vector<JobId> running_foreground() const;

    /// The foreground jobs that run now, also those of subagents.
    [[nodiscard]] std::vector<JobRecord> running_commands() const;

    /// The foreground job goes on as a background job: its end will be posted. If it has ended
    /// meanwhile, the record says so, and nothing will be posted. Error: unknown, or a subagent's.
    Result<JobRecord> to_background(const JobId& id);

    /// Takes a queued job out, or orders the end of a running one's whole tree. The end arrives
    /// like any other. Error: unknown, or ended already and how.
    Result<void> cancel(const JobId& id, std::string_view by);

    enum class Waited { kEnded, kTimeOver, kStopped, kMoved };
    /// Until none of these jobs is queued any more (unknown ones are not). kTimeOver: for
    /// `patience` no job of this queue has started or ended, so waiting on is useless.
    Waited wait_for_start(std::span<const JobId> ids, std::chrono::milliseconds patience,
                          const std::stop_token& stop) const;
    /// Until one of these jobs has ended (unknown ones have), the deadline, a stop, or one of
    /// `foreground` is no longer a foreground job.
    Waited wait_any(std::span<const JobId> ids,
                    std::optional<std::chrono::steady_clock::time_point> deadline,
                    const std::stop_token& stop, std::span<const JobId> foreground = {}) const;
    /// Until `ended` holds something (true). False: a stop, or there is no job left that a headless
    /// run waits for, which is an unfinished `session` job or any queued job.
    bool wait_for_notification(const std::stop_token& stop) const;

    /// Has the thread that watches jobs wait for something else too; at most one thing, which
    /// outlives the queue. See OtherWatch.
    void watch_also(OtherWatch other) { watcher_.watch_also(std::move(other)); }

    /// Background jobs' terminal records, once each, in the order of their ends.
    Poco::NotificationQueue& ended() { return ended_; }

    /// An orderly end: nothing is started any more, and every `session` job, foreground or
    /// background, is cancelled. Returns when they, their supervisors and what they left behind
    /// have ended, or after seven seconds; how many jobs have not. A queued job whose end cannot
    /// be recorded stays queued and counts; `problems` names it and says why.
    std::size_t cancel_session_jobs(std::string_view by, Problems* problems = nullptr);
    /// `--no-wait`: no queued job is started any more. What has been reported as running goes on,
    /// also where its supervisor is still to be launched; what is queued stays recorded.
    void leave();

private:
    struct TrackedJob {
        JobRecord job;
        std::uint64_t number = 0;       // of submission
        bool ending = false;            // somebody is about to record its end
        bool has_place = false;         // takes one of the max_running places
        bool starting = false;          // its task has not said yet that there is a supervisor
        bool adopted = false;           // it runs without a task: the watcher reports its end
        bool running_reported = false;  // on_change was called for its start
        bool delivered = false;         // its end was delivered by an earlier host
        std::set<JobId> waits_for;      // of `after`, those that have not completed
    };
    using TrackedJobs = std::map<JobId, TrackedJob, std::less<>>;

    // Submitting and starting.
    std::optional<Error> why_not_now(const JobSpec& spec) const TENON_REQUIRES(mutex_);
    TrackedJob& add(JobRecord job) TENON_REQUIRES(mutex_);
    std::optional<JobId> link_dependencies(TrackedJob& tracked) TENON_REQUIRES(mutex_);
    void make_ready(const TrackedJob& tracked) TENON_REQUIRES(mutex_);
    void set_running(TrackedJob& tracked, std::int64_t started_ms, std::int64_t started_boot_ms)
        TENON_REQUIRES(mutex_);
    std::vector<JobRecord> admit();
    void start(const std::vector<JobRecord>& admitted);
    void start_what_is_ready() { start(admit()); }
    void start_task(const JobRecord& job);
    void prepare_next_job();

    // What the tasks report.
    void has_begun(const JobId& id);
    void end_starting(TrackedJob& tracked) TENON_REQUIRES(mutex_);
    void requeue(const JobId& id, const std::string& why);
    void adopt_from_task(const JobRecord& job);
    void task_returns(const JobRecord& job);

    // What the watcher calls.
    WatcherClient watcher_client();
    std::optional<std::chrono::steady_clock::time_point> work_on_watcher();
    void end_what_cannot_start();
    void runs_elsewhere(const JobRecord& job);

    // Ends.
    void finish(JobRecord job);
    std::vector<JobId> finish_one(JobRecord& job);
    void set_ended(TrackedJob& tracked, const JobRecord& job) TENON_REQUIRES(mutex_);
    std::vector<JobId> release_dependents(const JobRecord& ended) TENON_REQUIRES(mutex_);
    void remember_foreground(const JobId& id) TENON_REQUIRES(mutex_);
    JobRecord cancel_dependent(const JobId& id, const JobId& because_of);

    // Orders.
    bool set_background(TrackedJob& tracked) TENON_REQUIRES(mutex_);
    std::vector<JobId> cancel_queued(const std::vector<JobId>& ids, std::string_view by,
                                     Problems* problems);
    [[nodiscard]] std::size_t wait_for_ends(const std::vector<JobId>& ids,
                                            std::chrono::steady_clock::time_point deadline) const;

    // Adoption.
    void adopt_one(JobRecord job, const std::function<bool(const JobRecord&)>& is_delivered);
    void adopt_running(JobRecord job, bool is_delivered);
    void adopt_queued(JobRecord job);
    void write_off(const JobRecord& job, const std::string& why);
    void set_adopted(TrackedJob& tracked, const JobRecord& running) TENON_REQUIRES(mutex_);
    void watch_adopted(TrackedJob& tracked) TENON_REQUIRES(mutex_);

    static Error unknown(const JobId& id) { return {"Unknown job " + id}; }
    void report_change(const JobRecord& job) const;
    [[nodiscard]] bool is_unfinished_session_job(const TrackedJob& tracked) const;

    const Store store_;
    const QueueOptions options_;
    OutputBudget budget_;
    const UniqueFd leave_;  // eventfd: tasks return
    const std::unique_ptr<TaskContext> task_context_;
    Poco::NotificationQueue ended_;

    mutable Mutex mutex_;
    mutable Condition changed_;
    TrackedJobs jobs_ TENON_GUARDED_BY(mutex_);
    Admission admission_ TENON_GUARDED_BY(mutex_);
    std::multimap<JobId, JobId> dependents_ TENON_GUARDED_BY(mutex_);
    std::deque<JobId> ended_foreground_ TENON_GUARDED_BY(mutex_);
    std::set<JobId> queued_ TENON_GUARDED_BY(mutex_);      // background jobs
    std::size_t adopted_ TENON_GUARDED_BY(mutex_) = 0;     // entries with that flag
    std::uint64_t progress_ TENON_GUARDED_BY(mutex_) = 0;  // starts and ends, counted
    /// Jobs that found too few resources and have no other job to wait for, and why.
    std::vector<std::pair<JobId, std::string>> cannot_start_ TENON_GUARDED_BY(mutex_);
    PreparedJob prepared_ TENON_GUARDED_BY(mutex_);  // for the next submit
    std::uint64_t next_number_ TENON_GUARDED_BY(mutex_) = 0;
    std::size_t tasks_ TENON_GUARDED_BY(mutex_) = 0;                  // that have not returned
    std::size_t tasks_of_session_jobs_ TENON_GUARDED_BY(mutex_) = 0;  // of these
    bool admitting_ TENON_GUARDED_BY(mutex_) = true;

    const std::unique_ptr<Poco::ThreadPool> threads_;
    const std::unique_ptr<Poco::TaskManager> task_manager_;
    RecordSync sync_;
    Watcher watcher_;  // the last member: its thread uses all others
};

}  // namespace tenon::jobs
