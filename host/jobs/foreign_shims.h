#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "host/jobs/job.h"
#include "host/jobs/store.h"
#include "host/jobs/watch.h"

namespace tenon::jobs {

/// The running jobs of a host whose shims it has not started, or holds no descriptors of, and the
/// queued jobs that another process cancels. For one thread. Sleeps until something happens; only
/// what cannot be watched is looked at, twice a second.
class ForeignShims {
public:
    /// `may_open` as in Watch.
    ForeignShims(const Store& store, std::function<bool()> may_open);

    /// From now on `wait` tells how this running job ends.
    void add(const JobRecord& job);

    struct News {
        std::vector<JobRecord> ended;  ///< of those added; each once
        std::set<JobId> others;        ///< jobs to look at that were never added
        bool all = false;              ///< look at every job that is queued
    };
    /// Blocks until there is news, one of `others` is readable or the deadline is over.
    News wait(std::optional<std::chrono::steady_clock::time_point> deadline,
              std::span<const int> others);

    /// Whether `wait` wakes for nothing but what happens.
    [[nodiscard]] bool sleeps() const { return !watch_.must_look() && !must_read_again_; }

private:
    using Clock = std::chrono::steady_clock;
    struct Job {
        JobRecord record;
        std::optional<Clock::time_point> overdue;  // when its shim has missed its own deadline
        int failures = 0;                          // of reading its record, in succession
    };

    std::optional<JobRecord> end_of(const JobId& id);
    void wake_stopped_shims();
    [[nodiscard]] std::optional<Clock::time_point> next_overdue() const;

    const Store& store_;
    Watch watch_;
    std::map<JobId, Job> jobs_;
    std::set<JobId> unread_;        // to be loaded before anything is waited for
    bool must_read_again_ = false;  // reading has failed, so that `unread_` waits for a moment
};

}  // namespace tenon::jobs
