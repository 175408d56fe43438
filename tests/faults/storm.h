#pragma once

#include <chrono>
#include <optional>

#include "tests/faults/trial.h"

namespace tenon::faults {

struct StormOptions {
    int kills = 10;
    std::optional<int> running;  ///< jobs.maxRunning; none: so few that a queue builds up
};

/// Kills hosts and supervisors at random moments while the jobs of a trial run, and starts the next
/// host, until every end is delivered.
class Storm {
public:
    static constexpr int kLaunchersOneIn = 4;
    /// How long a host may live to notice that its launcher or a supervisor was killed.
    static constexpr std::chrono::milliseconds kTimeToNotice{50};

    Storm(Trial& trial, StormOptions options) : trial_(trial), options_(options) {}

    /// Returns when the end of every job is delivered, or when the host does not get that far.
    void run();
    [[nodiscard]] int hosts_killed() const { return hosts_killed_; }

    /// One time in three kills a few supervisors. Returns whether it did.
    static bool kill_supervisors(Trial& trial);

private:
    void run_and_kill();
    void wait_for_moment(testing::Process& tenon);
    void kill_at_request(const testing::Process& tenon, int request);

    Trial& trial_;
    StormOptions options_;
    int hosts_killed_ = 0;
    double delay_scale_ = 1;
};

}  // namespace tenon::faults
