#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "host/base/mutex.h"
#include "host/jobs/store.h"

namespace tenon::jobs {

/// How much a job may write, when its own limit is `limit` bytes, that of all jobs together is
/// `total`, and `held` bytes are taken: what is left, but at least 1 MiB (or `limit`, if that is
/// less).
std::uint64_t output_cap(std::uint64_t limit, std::uint64_t total, std::uint64_t held);

/// Shares the disk space for output among the jobs of a state directory. What this host's jobs take
/// is known exactly; what other jobs take is measured at most every half minute. Thread-safe;
/// `reserve` may read the whole store.
class OutputBudget {
public:
    OutputBudget(const Store& store, std::uint64_t total);

    /// The cap of a job that is about to start.
    std::uint64_t reserve(const JobId& id, std::uint64_t limit);
    /// Measures what a job takes now: one that another host has started, or that has ended.
    void measure(const JobId& id);

private:
    const Store& store_;
    const std::uint64_t total_;
    Mutex mutex_;
    std::map<JobId, std::uint64_t> own_ TENON_GUARDED_BY(mutex_);
    std::uint64_t own_sum_ TENON_GUARDED_BY(mutex_) = 0;
    std::uint64_t others_sum_ TENON_GUARDED_BY(mutex_) = 0;
    std::optional<std::chrono::steady_clock::time_point> looked_ TENON_GUARDED_BY(mutex_);

    void set(const JobId& id, std::uint64_t bytes) TENON_REQUIRES(mutex_);
};

}  // namespace tenon::jobs
