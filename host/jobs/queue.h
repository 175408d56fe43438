#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <Poco/Notification.h>
#include <Poco/NotificationQueue.h>
#include <Poco/TaskManager.h>
#include <Poco/ThreadPool.h>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/jobs/foreign_shims.h"
#include "host/jobs/job.h"
#include "host/jobs/job_task.h"
#include "host/jobs/launch.h"
#include "host/jobs/output_budget.h"
#include "host/jobs/store.h"

namespace tenon::jobs {

/// In Queue::ended(): one background job reached its terminal status.
class JobEndedNotification : public Poco::Notification {
public:
    explicit JobEndedNotification(JobRecord ended) : job(std::move(ended)) {}
    const JobRecord job;
};

struct QueueOptions {
    std::string session;  ///< every job submitted here is its
    Shim shim;
    /// Background jobs. Foreground ones start at once; see Queue for when there is no room.
    std::size_t max_running = 4;
    std::size_t max_queued = 10'000;  ///< more are refused
    std::uint64_t total_output_limit = 4ULL << 30U;
    /// A background job runs now, or has ended. Called on any thread, at most once for each of the
    /// two, with no lock held; must only enqueue, and must not throw.
    std::function<void(const JobRecord&)> on_change;
    /// A job of this host, in the foreground or not, has run without the PID namespace that it
    /// should have had, and why. Under the same conditions, once for each such job.
    std::function<void(const std::string& why)> on_no_pid_namespace;
    /// Something was posted to `ended`. Called on any thread, with no lock held; must only wake
    /// somebody, and must not throw.
    std::function<void()> on_news;
};

/// The unfinished background jobs, counted.
struct QueueLoad {
    std::size_t running = 0;
    std::size_t queued = 0;
    std::size_t session_jobs = 0;         ///< of both, those that end with the session
    std::int64_t longest_started_ms = 0;  ///< wall clock; 0: none runs
};

/// The jobs of one session in one host: admits by priority, then first come, at most `max_running`
/// background ones at once. Where this process is short of descriptors, or the system of processes,
/// a job waits for its turn until another has ended, foreground jobs before all others; when no
/// other job of this queue runs, it ends as `error` with the reason. Thread-safe; never blocks on a
/// job. Output and the truth about statuses are the store's business; what a model is told is the
/// reader's of `ended`.
class Queue {
public:
    /// Throws where the system has no room for it: std::runtime_error for want of descriptors or of
    /// a thread of its own, Poco::Exception for want of the first thread that runs jobs.
    Queue(Store store, QueueOptions options);
    /// Lets every job go on and joins all threads. Whoever still waits must have returned.
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    /// Takes over what earlier hosts of this session left; call it once, before the first `submit`.
    /// Running jobs are watched: a foreground one goes on as a background job, a subagent's is
    /// cancelled. Background ones that ended without `is_delivered` are posted to `ended`; queued
    /// ones are queued again in their old order, foreground ones among them cancelled, and those
    /// whose end was delivered are written off: they never run. Unfinished jobs of another machine
    /// are left to its host. What killed supervisors left running is ended, soon and on another
    /// thread where the job has ended. Returns what could not be read.
    Problems adopt(const std::function<bool(const JobRecord&)>& is_delivered);

    /// Records the job and starts or queues it; `spec.session` is set to ours. A foreground job
    /// starts at once where there is room. On Error nothing was recorded and nothing will run. The
    /// record says kRunning or kQueued, or kCancelled when a job in `after` has ended in another
    /// way than completed.
    Result<JobRecord> submit(JobSpec spec);

    /// One of this session's jobs. Those of others are unknown.
    Result<JobRecord> find(const JobId& id) const;
    /// The job that a call of the session's own conversation became, for calls without a result
    /// after a restart.
    std::optional<JobRecord> find_by_tool_use(std::string_view tool_use_id) const;
    /// The background jobs of this session, told or not, in the order of submission.
    std::vector<JobRecord> background_jobs() const;

    [[nodiscard]] QueueLoad load() const;
    /// The foreground jobs that have not ended, also those that wait for room; those of subagents
    /// left out.
    [[nodiscard]] std::vector<JobId> running_foreground() const;

    /// The foreground job goes on as a background one: its end will be posted. If it has ended
    /// meanwhile, the record says so, and nothing will be posted. Error: unknown, or a subagent's.
    Result<JobRecord> to_background(const JobId& id);

    /// Takes a queued job out, or orders the end of a running one's whole tree. The end arrives
    /// like any other. Error: unknown, or ended already and how.
    Result<void> cancel(const JobId& id, std::string_view by);

    enum class Waited { kEnded, kTimeOver, kStopped, kMoved };
    /// Until none of these jobs is queued any more (unknown ones are not). kTimeOver: for
    /// `patience` no job of this queue has ended or started, so that nothing is to be hoped for.
    Waited wait_for_start(std::span<const JobId> ids, std::chrono::milliseconds patience,
                          const std::stop_token& stop) const;
    /// Until one of these jobs has ended (unknown ones have), the deadline, a stop, or one of
    /// `foreground` is a foreground job no more.
    Waited wait_any(std::span<const JobId> ids,
                    std::optional<std::chrono::steady_clock::time_point> deadline,
                    const std::stop_token& stop, std::span<const JobId> foreground = {}) const;
    /// Until `ended` holds something (true); or no job is left that a headless run waits for, that
    /// is no unfinished `session` job and no queued one at all, or a stop (false).
    bool wait_for_news(const std::stop_token& stop) const;

    /// Background jobs' terminal records, once each, in the order of their ends.
    Poco::NotificationQueue& ended() { return ended_; }

    /// An orderly end: nothing is started any more, every `session` job, foreground or background,
    /// is cancelled. Returns when they and what they left behind have ended, or after seven
    /// seconds; how many jobs have not.
    std::size_t cancel_session_jobs(std::string_view by);
    /// `--no-wait`: nothing is started any more. What runs goes on, what is queued stays recorded.
    void leave();

private:
    struct Entry {
        JobRecord job;
        std::uint64_t number = 0;   // of submission
        bool ending = false;        // somebody is about to record its end
        bool counted = false;       // takes one of the max_running places
        bool told_running = false;  // on_change knows that it runs
        bool starting = false;      // its task has not said yet that there is a shim
        bool delivered = false;     // its end was delivered by an earlier host
        std::set<JobId> waits_for;  // of `after`, those that have not completed
    };
    struct Turn {  // the order of starting
        std::int64_t rank;  // lower first
        std::uint64_t number;
        JobId id;
        auto operator<=>(const Turn&) const = default;
    };
    static Turn turn_of(const Entry& entry) {
        // Not the negative: the lowest priority has none.
        return {~entry.job.spec.priority, entry.number, entry.job.id};
    }
    using Entries = std::map<JobId, Entry, std::less<>>;

    void start_threads();
    void watch();         // the thread of what no task does
    void sync_records();  // the thread that waits for the disk
    void hand_over(ForeignShims& shims);
    void take(const ForeignShims::News& news);
    void end_what_cannot_start();
    void runs_elsewhere(const JobRecord& job);
    void end_abandoned();
    void reap_lingering();
    [[nodiscard]] bool wait_for_work(ForeignShims& shims);
    void wake_watcher() const;

    Entry& add(JobRecord job) TENON_REQUIRES(mutex_);
    std::optional<Error> why_not_now(const JobSpec& spec) const TENON_REQUIRES(mutex_);
    std::optional<JobId> link_dependencies(Entry& entry) TENON_REQUIRES(mutex_);
    void make_ready(const Entry& entry) TENON_REQUIRES(mutex_);
    void not_ready(const Entry& entry) TENON_REQUIRES(mutex_);
    void begin_running(Entry& entry) TENON_REQUIRES(mutex_);
    void has_begun(Entry& entry) TENON_REQUIRES(mutex_);
    Entry* next_ready() TENON_REQUIRES(mutex_);
    [[nodiscard]] bool has_room(const JobRecord& job) TENON_REQUIRES(mutex_);
    std::vector<JobRecord> admit() TENON_REQUIRES(mutex_);
    void found_no_room() TENON_REQUIRES(mutex_);
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_retry()
        TENON_REQUIRES(mutex_);
    void adopt_one(JobRecord job, const std::function<bool(const JobRecord&)>& is_delivered);
    void adopt_running(JobRecord job, bool is_delivered);
    void adopt_queued(JobRecord job);
    void write_off(const JobRecord& job, const std::string& why);
    void start_admitted(const std::vector<JobRecord>& jobs);
    void start_task(const JobRecord& job);
    void take_back(const JobId& id, const std::string& why);
    void watch_foreign(const JobRecord& job) TENON_REQUIRES(mutex_);
    void finish(JobRecord job);
    std::vector<JobId> finish_one(JobRecord& job);
    std::vector<JobId> release_dependents(const JobRecord& ended) TENON_REQUIRES(mutex_);
    void remember_foreground(const JobId& id) TENON_REQUIRES(mutex_);
    void cancel_queued(const std::vector<JobId>& ids, std::string_view by);
    void want_sync(const JobId& id) TENON_REQUIRES(mutex_);
    JobRecord cancel_dependent(const JobId& id, const JobId& because_of);
    void mark_started(const JobId& id);
    void tell(const JobRecord& job) const;
    [[nodiscard]] bool is_unfinished_session_job(const Entry& entry) const;

    const Store store_;
    const QueueOptions options_;
    OutputBudget budget_;
    const UniqueFd leave_;  // eventfd: tasks return
    const UniqueFd wake_;   // eventfd: the watcher looks
    TaskSurroundings surroundings_;
    Poco::NotificationQueue ended_;

    mutable Mutex mutex_;
    mutable Condition changed_;
    Condition sync_wanted_;
    Entries entries_ TENON_GUARDED_BY(mutex_);
    std::set<Turn> ready_ TENON_GUARDED_BY(mutex_);
    /// Foreground jobs that found no room, by their number.
    std::map<std::uint64_t, JobId> ready_foreground_ TENON_GUARDED_BY(mutex_);
    std::multimap<JobId, JobId> dependents_ TENON_GUARDED_BY(mutex_);
    std::deque<JobId> ended_foreground_ TENON_GUARDED_BY(mutex_);
    std::set<JobId> queued_ TENON_GUARDED_BY(mutex_);  // background jobs
    /// For the watcher's ForeignShims.
    std::vector<JobRecord> to_hand_over_ TENON_GUARDED_BY(mutex_);
    std::size_t foreign_ TENON_GUARDED_BY(mutex_) = 0;  // running jobs without a task
    std::size_t starting_ TENON_GUARDED_BY(mutex_) = 0;
    /// There was no room when last tried: until a job ends or this moment comes, none is started.
    std::optional<std::chrono::steady_clock::time_point> full_until_ TENON_GUARDED_BY(mutex_);
    bool one_by_one_ TENON_GUARDED_BY(mutex_) = false;  // since then, until none waits
    std::uint64_t steps_ TENON_GUARDED_BY(mutex_) = 0;  // starts and ends, counted
    /// What found no room and has no other job to wait for, and why.
    std::vector<std::pair<JobId, std::string>> cannot_start_ TENON_GUARDED_BY(mutex_);
    std::vector<JobId> unsynced_ TENON_GUARDED_BY(mutex_);
    std::vector<LingeringShim> lingering_ TENON_GUARDED_BY(mutex_);
    std::uint64_t next_number_ TENON_GUARDED_BY(mutex_) = 0;
    std::size_t running_ TENON_GUARDED_BY(mutex_) = 0;
    bool look_for_abandoned_ TENON_GUARDED_BY(mutex_) = false;
    std::chrono::steady_clock::time_point next_sweep_ TENON_GUARDED_BY(mutex_) =
        std::chrono::steady_clock::now();
    std::size_t tasks_alive_ TENON_GUARDED_BY(mutex_) = 0;
    bool admitting_ TENON_GUARDED_BY(mutex_) = true;
    bool closing_ TENON_GUARDED_BY(mutex_) = false;

    Poco::ThreadPool threads_;
    Poco::TaskManager tasks_;
    std::thread watcher_;
    std::thread syncer_;
};

}  // namespace tenon::jobs
