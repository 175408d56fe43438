#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "host/base/mutex.h"
#include "host/jobs/store.h"

namespace tenon::jobs {

/// What a job may write when it gets `limit` bytes, all jobs together `total`, and `held` are
/// taken: what is left, but never less than 1 MiB (or `limit`, if that is less).
std::uint64_t output_cap(std::uint64_t limit, std::uint64_t total, std::uint64_t held);

/// Shares the disk space of outputs among the jobs of a state directory. Our own jobs are known
/// exactly, those of other hosts as of the last look (every half minute at most). Thread-safe;
/// `reserve` may read the whole store.
class OutputBudget {
public:
    OutputBudget(const Store& store, std::uint64_t total);

    /// The cap of a job that is about to start.
    std::uint64_t reserve(const JobId& id, std::uint64_t limit);
    /// A job that runs under another host's reservation, or that has ended: what it holds now.
    void measure(const JobId& id);

private:
    const Store& store_;
    const std::uint64_t total_;
    Mutex mutex_;
    std::map<JobId, std::uint64_t> ours_ TENON_GUARDED_BY(mutex_);
    std::uint64_t ours_sum_ TENON_GUARDED_BY(mutex_) = 0;
    std::uint64_t others_sum_ TENON_GUARDED_BY(mutex_) = 0;
    std::optional<std::chrono::steady_clock::time_point> looked_ TENON_GUARDED_BY(mutex_);

    void set(const JobId& id, std::uint64_t bytes) TENON_REQUIRES(mutex_);
};

}  // namespace tenon::jobs
