#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <functional>
#include <set>
#include <span>
#include <vector>

#include "host/base/unique_fd.h"
#include "host/jobs/store.h"

namespace tenon::jobs {

/// Wakes whoever waits for jobs, whichever process they belong to: a record of theirs was written,
/// or their shim has ended. What has happened, the store tells. Not thread-safe. Where the kernel
/// has no more watches or descriptors for us, looks twice a second instead.
class Watch {
public:
    /// `may_open` says whether there are descriptors enough to hold another one; without it, always.
    explicit Watch(const Store& store, std::function<bool()> may_open = {});

    /// From now on `wait` tells of this job. Load the job after this, not before.
    void add(const JobId& id);
    void remove(const JobId& id);
    /// From now on `wait` also tells of jobs that appear; these are added. List the jobs after
    /// this, not before.
    void add_new_jobs();
    /// From now on `wait` also tells of queued jobs that somebody has cancelled by Store::cancel.
    /// One watch serves any number of them.
    void add_cancelled_jobs();

    struct News {
        std::set<JobId> jobs;  ///< to be loaded again
        bool list = false;     ///< there may be jobs that nothing was told of: list them again
        bool other = false;    ///< `other`, or one of `others`, is readable
    };
    /// Blocks until there is news, `other` is readable, the deadline is over or a signal was
    /// handled; the last two give empty news.
    News wait(std::optional<std::chrono::steady_clock::time_point> deadline = {}, int other = -1);
    News wait(std::optional<std::chrono::steady_clock::time_point> deadline,
              std::span<const int> others);

    /// Whether there is something that `wait` must look at twice a second.
    [[nodiscard]] bool must_look() const;

private:
    struct Entry {
        int folder = -1;  // inotify's number
        UniqueFd shim;    // pidfd
        bool look = false;
    };
    using Entries = std::map<JobId, Entry>;

    void find_shim(const JobId& id, Entry& entry);
    void watch_store();
    void add_half_made();
    void take_events(News& news);
    void take_ended_shims(News& news);
    void look_around(News& news);
    [[nodiscard]] bool wants_store() const { return wants_new_jobs_ || wants_cancelled_jobs_; }

    const Store& store_;
    std::function<bool()> may_open_;
    UniqueFd events_;  // inotify
    UniqueFd ready_;   // epoll over it and the pidfds
    Entries entries_;
    std::map<int, JobId> by_folder_;
    bool wants_new_jobs_ = false;
    bool wants_cancelled_jobs_ = false;
    int store_folder_ = -1;
    std::optional<std::chrono::steady_clock::time_point> next_look_;
};

}  // namespace tenon::jobs
