#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "host/base/unique_fd.h"
#include "host/jobs/store.h"

namespace tenon::jobs {

/// Waits for changes of jobs, whichever process the jobs belong to: a record was written, a
/// shim has ended. It says which jobs have changed; the store says how. Starts no thread and
/// is not thread-safe. Watcher is the thread that uses one of these.
///
/// It holds one inotify descriptor, and one pidfd for each added job that runs. When the kernel
/// refuses a watch or a descriptor, nothing is lost: what cannot be watched is reported as changed
/// twice a second, and each time the watch is tried again.
class Watch {
public:
    /// `may_open` says whether there are enough descriptors left to hold one more. Without it,
    /// there always are.
    explicit Watch(const Store& store, std::function<bool()> may_open = {});

    /// From now on `wait` reports changes of this job. Load the job after this call, not before.
    void add(const JobId& id);
    /// Returns the pidfd of the job's shim if `add` has opened one and it has not ended.
    UniqueFd remove(const JobId& id);
    /// From now on `wait` reports the end of this process as a change of the job, also of a job
    /// that is not added. `process` is a pidfd; it stays the caller's, and open until
    /// `remove_process`.
    void add_process(const JobId& id, const UniqueFd& process);
    void remove_process(const UniqueFd& process);
    /// From now on `wait` also returns when this descriptor is readable, and says so. It stays the
    /// caller's, and open as long as this object.
    void add_descriptor(int descriptor);
    /// From now on `wait` also reports jobs that appear; these are added. List the jobs after this
    /// call, not before.
    void add_new_jobs();
    /// From now on `wait` also reports queued jobs that are cancelled by Store::cancel. This takes
    /// one inotify watch for any number of jobs.
    void add_cancelled_jobs();

    struct Changes {
        std::set<JobId> jobs;     ///< to be loaded again
        bool list_again = false;  ///< jobs may have appeared or been cancelled that are not named
        bool other = false;       ///< the other descriptor is readable
        bool added = false;       ///< one of `add_descriptor` is readable, or may be
    };
    /// Blocks until something has changed, `other` is readable, the deadline is over or a signal
    /// was handled. In the last two cases nothing is reported.
    Changes wait(std::optional<std::chrono::steady_clock::time_point> deadline = {},
                 int other = -1);

    /// Whether there is something that cannot be watched, so that `wait` wakes twice a second.
    [[nodiscard]] bool polls() const;

private:
    struct Watched {
        int folder = -1;  // inotify's number of the job's directory
        UniqueFd shim;    // pidfd
    };

    void open_descriptors();
    void watch_store();
    void watch_half_made_jobs();
    void watch_job(const JobId& id, Watched& job);
    [[nodiscard]] bool watch_folder(const JobId& id, Watched& job);
    [[nodiscard]] bool watch_shim(const JobId& id, Watched& job);
    [[nodiscard]] int timeout_until(std::optional<std::chrono::steady_clock::time_point> deadline);
    void take_ended_processes(Changes& changes);
    void take_events(Changes& changes);
    void take_store_event(std::uint32_t mask, const char* name, Changes& changes);
    void take_overflow(Changes& changes);
    void look_at_unwatched(Changes& changes);
    [[nodiscard]] bool wants_store() const { return wants_new_jobs_ || wants_cancelled_jobs_; }

    const Store& store_;
    std::function<bool()> may_open_;
    UniqueFd ready_;   // epoll over the inotify descriptor and the pidfds
    UniqueFd events_;  // inotify
    std::map<JobId, Watched> jobs_;
    std::map<int, JobId> by_folder_;
    std::map<int, JobId> by_shim_;
    std::map<int, JobId> processes_;       // of add_process
    std::set<int> descriptors_;            // of add_descriptor
    std::set<JobId> unwatched_;            // of jobs_
    std::set<int> unwatched_processes_;    // of processes_
    std::set<int> unwatched_descriptors_;  // of descriptors_
    bool wants_new_jobs_ = false;
    bool wants_cancelled_jobs_ = false;
    int store_folder_ = -1;
    std::optional<std::chrono::steady_clock::time_point> next_look_;
};

}  // namespace tenon::jobs
