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
/// host, until there is nothing left to do.
class Storm {
public:
    static constexpr int kLaunchersOneIn = 4;
    /// How long a host may live to see that its launcher or a supervisor was killed.
    static constexpr std::chrono::milliseconds kTimeToSee{50};

    Storm(Trial& trial, StormOptions options) : trial_(trial), options_(options) {}

    /// Returns when every job has been told, or when the host does not get there.
    void run();
    [[nodiscard]] int hosts_killed() const { return hosts_killed_; }

    /// Kills a few supervisors, at one time in three. Whether it did.
    static bool kill_supervisors(Trial& trial);

private:
    void run_and_kill();
    void wait_for_moment(testing::Process& tenon);
    void kill_at_request(const testing::Process& tenon, int request);

    Trial& trial_;
    StormOptions options_;
    int hosts_killed_ = 0;
    double haste_ = 1;
};

}  // namespace tenon::faults
