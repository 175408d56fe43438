#pragma once

#include "tests/faults/disk.h"
#include "tests/faults/trial.h"

namespace tenon::faults {

/// Lets the disk under the state directory run full again and again while the jobs of a trial run:
/// at random moments, and at requests. Hosts and supervisors are killed, hosts are ended with
/// SIGTERM or come to their end; between runs, jobs are ended while the disk is full.
class DiskStorm {
public:
    /// What a full disk excuses: a report that says so.
    static Excuses excuses();

    DiskStorm(Trial& trial, int rounds);

    void run();
    [[nodiscard]] int hosts_killed() const { return hosts_killed_; }
    [[nodiscard]] std::uint64_t times_filled() const { return disk_.times_filled(); }

private:
    void run_in_bad_weather();
    void disturb_at_a_moment(testing::Process& tenon, int signal);
    void end_a_job_on_a_full_disk();
    void start_a_job_on_a_full_disk();
    std::optional<std::string> start_job(const std::string& mark);

    Trial& trial_;
    const int rounds_;
    Disk disk_;
    int hosts_killed_ = 0;
    int errands_ = 0;
};

}  // namespace tenon::faults
