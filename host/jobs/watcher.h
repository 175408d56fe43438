#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "host/base/mutex.h"
#include "host/base/unique_fd.h"
#include "host/jobs/job.h"
#include "host/jobs/store.h"
#include "host/jobs/watch.h"

namespace tenon::jobs {

/// A shim that goes on after its job has ended.
struct LingeringShim {
    JobId id;
    UniqueFd process;  ///< pidfd
    Lifetime lifetime = Lifetime::kSession;
    bool has_leftovers = false;  ///< the job left processes running, which the shim may be ending
};

/// What a Watcher asks and reports. All functions are called on the watcher's thread, with no lock
/// held, and do not throw.
struct WatcherClient {
    std::function<bool(const JobId&)> is_queued;
    std::function<std::vector<JobId>()> queued;  ///< the ids of all queued jobs
    /// A running job that was added has ended (reported once), or a queued job was ended by another
    /// process (may be reported more than once).
    std::function<void(JobRecord)> on_ended;
    /// A lingering shim has ended, and so have the leftover processes of its job.
    std::function<void()> on_shim_ended;
    /// Called before the watcher sleeps, for whatever else must be done on this thread. Returns
    /// when it is to be called again; none: when `wake` is called or something has changed.
    std::function<std::optional<std::chrono::steady_clock::time_point>()> other_work;
};

/// Something else that changes now and then and that the watcher's thread can wait for too, so that
/// it needs no thread of its own.
struct OtherWatch {
    int descriptor = -1;  ///< readable when `look` has something to do
    /// Called on the watcher's thread soon after it was added, when the descriptor is readable, and
    /// at the time that it has returned last. Makes the descriptor unreadable again, does not
    /// block, and does not throw.
    std::function<std::optional<std::chrono::steady_clock::time_point>()> look;
};

/// The thread "jobs-watch" of a queue. It watches what no task thread waits for:
/// - running jobs with a shim that this host has not started or has no descriptor of;
/// - queued jobs that another process may cancel;
/// - shims that go on after their jobs have ended. Of killed shims it ends the leftover processes.
/// It sleeps until one of these changes; see Watch for what the kernel refuses to watch. It holds
/// no descriptor for a queued job. Which jobs are queued, and what follows from an end, is the
/// queue's business.
class Watcher {
public:
    /// `store` outlives the watcher. Throws std::runtime_error when there is no descriptor or no
    /// thread left.
    Watcher(const Store& store, WatcherClient client);
    /// Joins the thread. If end_leftover_processes was called, that is done before.
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    // These may be called on any thread, and do not block.

    /// The job runs: `on_ended` will report its end, even if it has ended already.
    void add_running(JobRecord job);
    void add_lingering(LingeringShim shim);
    /// Checks one queued job, or all of them, soon: a job may have been cancelled before
    /// `is_queued` and `queued` knew it.
    void look_at(const JobId& queued);
    void look_at_all_queued();
    /// Ends the processes that jobs of killed shims have left anywhere in the store, soon.
    void end_leftover_processes();
    /// Has `other_work` called.
    void wake() const;
    /// At most one. The descriptor, and what `look` uses, outlive this object.
    void watch_also(OtherWatch other);

    struct Lingering {
        std::size_t all = 0;
        std::size_t of_session_jobs = 0;
    };
    /// The shims that go on after their jobs have ended.
    [[nodiscard]] Lingering lingering() const;

private:
    using Clock = std::chrono::steady_clock;
    struct Running {
        JobRecord record;
        std::optional<Clock::time_point> overdue;  // when its shim has missed its deadline
        int failures = 0;                          // of reading its record, in succession
    };
    /// What other threads have asked of this thread.
    struct Orders {
        std::vector<JobRecord> running;
        std::vector<LingeringShim> lingering;
        std::set<JobId> queued;
        std::optional<OtherWatch> other;
        bool all_queued = false;
        bool leftovers = false;
        bool closing = false;
    };

    void run();
    [[nodiscard]] bool take_orders();
    void wait(std::optional<Clock::time_point> deadline);
    void look_at_other();
    void look(const JobId& id);
    void look_at_running(const JobId& id);
    void look_at_lingering(const JobId& id);
    void look_at_queued(const JobId& id);
    void look_again_soon(const JobId& id);
    void watch_lingering(LingeringShim shim);
    void on_shim_exit(const LingeringShim& shim);
    void add_everything(std::set<JobId>& ids) const;
    void continue_stopped_shims();
    [[nodiscard]] std::optional<Clock::time_point> next_overdue() const;

    const Store& store_;
    const WatcherClient client_;
    const UniqueFd wake_;  // eventfd

    // Of the thread alone:
    Watch watch_;
    std::map<JobId, Running> running_;
    std::multimap<JobId, LingeringShim> lingering_;  // no shim is lost even if a job has two
    std::set<JobId> changed_;  // to be looked at before anything is waited for
    std::set<JobId> again_;    // to be looked at again at `again_at_`
    std::optional<Clock::time_point> again_at_;
    OtherWatch other_;
    bool other_is_ready_ = false;
    std::optional<Clock::time_point> other_at_;

    mutable Mutex mutex_;
    Orders orders_ TENON_GUARDED_BY(mutex_);
    Lingering lingering_count_ TENON_GUARDED_BY(mutex_);

    std::thread thread_;  // the last member: it uses all others
};

}  // namespace tenon::jobs
