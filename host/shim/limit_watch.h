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

/// Finds out when a job's process tree exceeds a limit, and says when it wants to look again. Far
/// from the limits a look costs at most an eight-thousandth of the time between two, so that a
/// hundred jobs take less than 2 % of a core; near them it looks more often. Without limits it
/// never looks. Ends nothing.
class LimitWatch {
public:
    using Clock = std::chrono::steady_clock;

    explicit LimitWatch(const jobs::JobLimits& limits) : limits_(limits) {}

    /// Makes the job's cgroup where that can be; before the command starts.
    void prepare(const std::string& job);
    /// The file by which the command enters it; -1: none.
    [[nodiscard]] int cgroup_procs() const { return group_ ? group_->procs() : -1; }
    /// How many tasks this user may have at most while a job forks that has a limit of processes
    /// (RLIMIT_NPROC): far more than the job may, but not as many as one makes between two looks
    /// that forks without end. 0: no such brake.
    [[nodiscard]] std::uint64_t task_brake() const;
    /// The command has started as `command`; what is counted are the descendants of `root`.
    void begin(pid_t root, pid_t command);

    /// When to look again. The end of time: never.
    [[nodiscard]] Clock::time_point next() const { return next_; }
    /// Those `left_out` are none of the job's.
    void look(const std::vector<pid_t>& left_out);
    void stop() { next_ = Clock::time_point::max(); }
    /// The command has ended by itself: perhaps it is the kernel that has ended it.
    void look_at_end();
    /// The limit that was exceeded first.
    [[nodiscard]] const std::optional<jobs::LimitReached>& reached() const { return reached_; }
    /// A limit was exceeded, and the tree has grown on since.
    [[nodiscard]] bool runs_away() const { return runs_away_; }
    /// Ends all that is in the cgroup, if there is one.
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
    [[nodiscard]] Figures measure(const std::vector<pid_t>& left_out);
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
    std::chrono::nanoseconds saved_{};  // processor time for looks
    std::optional<jobs::LimitReached> reached_;
    bool runs_away_ = false;
};

}  // namespace tenon::shim
