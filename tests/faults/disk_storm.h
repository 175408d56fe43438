#pragma once

#include "tests/faults/disk.h"
#include "tests/faults/trial.h"

namespace tenon::faults {

/// Fills the disk under the state directory again and again while the jobs of a trial run, at
/// random moments and at requests. Meanwhile hosts and supervisors are killed, and hosts end by
/// SIGTERM or by themselves. Between the runs, jobs are cancelled and started on a full disk.
class DiskStorm {
public:
    /// What may fail because of a full disk.
    static AllowedFailures allowed_failures();

    DiskStorm(Trial& trial, int rounds);

    void run();
    [[nodiscard]] int hosts_killed() const { return hosts_killed_; }
    [[nodiscard]] std::uint64_t times_filled() const { return disk_.times_filled(); }

private:
    void run_while_disk_fills();
    void disturb_at_random_time(testing::Process& tenon, int signal);
    void end_a_job_on_a_full_disk();
    void start_a_job_on_a_full_disk();
    std::optional<std::string> start_job(const std::string& mark);

    Trial& trial_;
    const int rounds_;
    Disk disk_;
    int hosts_killed_ = 0;
    int extra_jobs_ = 0;
};

}  // namespace tenon::faults
