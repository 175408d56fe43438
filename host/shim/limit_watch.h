#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "host/jobs/job_limits.h"
#include "host/shim/cgroup.h"
#include "host/shim/usage.h"

namespace tenon::shim {

/// Finds out when a job's process tree exceeds a limit, and says when to look again. Far from the
/// limits, a look takes at most an eight-thousandth of the time between two looks, so that a
/// hundred jobs take less than 2 % of a core; near the limits it looks more often. Without limits
/// it never looks. It ends no process.
class LimitWatch {
public:
    using Clock = std::chrono::steady_clock;

    explicit LimitWatch(const jobs::JobLimits& limits) : limits_(limits) {}

    /// Makes the job's cgroup if one can be made. Call it before the command starts.
    void prepare(const std::string& job);
    /// The file by which the command enters the cgroup; -1: there is no cgroup.
    [[nodiscard]] int cgroup_procs() const { return group_ ? group_->procs() : -1; }
    /// RLIMIT_NPROC for the command, so that a job with a process limit that forks without end is
    /// slowed down: far more tasks than the job may have, but fewer than it could make between two
    /// looks. 0: no such limit.
    [[nodiscard]] std::uint64_t task_brake() const;
    /// The command has started as `command`. The descendants of `root` are measured.
    void begin(pid_t root, pid_t command);

    /// When to look again. Clock::time_point::max(): never.
    [[nodiscard]] Clock::time_point next() const { return next_; }
    /// The processes in `excluded` do not belong to the job.
    void look(const std::vector<pid_t>& excluded);
    void stop() { next_ = Clock::time_point::max(); }
    /// Call it when the command has ended by itself: the kernel may have ended it for its memory.
    void look_at_end();
    /// The limit that was exceeded first.
    [[nodiscard]] const std::optional<jobs::LimitReached>& reached() const { return reached_; }
    /// Whether a limit was exceeded and the tree is still growing.
    [[nodiscard]] bool runs_away() const { return runs_away_; }
    /// Ends all processes in the cgroup, if there is one.
    void kill_group() const {
        if (group_) group_->kill();
    }

private:
    struct Figures {
        std::uint64_t memory = 0;
        std::uint64_t memory_at_most = 0;
        std::uint64_t processes = 0;
        std::chrono::milliseconds cpu{};
    };
    [[nodiscard]] Figures measure(const std::vector<pid_t>& excluded);
    void compare(const Figures& now);
    void exceeded(const char* actor, const char* limit, std::uint64_t value, std::uint64_t figure);
    void plan(const Figures& now, std::chrono::nanoseconds cost);
    [[nodiscard]] bool counts_memory() const { return limits_.memory && !group_; }
    [[nodiscard]] bool walks() const { return counts_memory() || limits_.processes || !group_; }

    jobs::JobLimits limits_;
    std::optional<Cgroup> group_;
    std::optional<UsageMeter> meter_;
    Clock::time_point began_;
    Clock::time_point looked_;
    Clock::time_point next_ = Clock::time_point::max();
    Figures before_;
    std::chrono::nanoseconds saved_{};  // processor time that may be spent on looks
    std::optional<jobs::LimitReached> reached_;
    bool runs_away_ = false;
};

}  // namespace tenon::shim
