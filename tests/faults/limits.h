#pragma once

#include <string>
#include <vector>

#include "tests/faults/trial.h"

namespace tenon::faults {

/// A trial with few descriptors or few processes.
struct LimitedTrial {
    int descriptors = 0;      ///< RLIMIT_NOFILE; 0: no new limit
    int processes = 0;        ///< RLIMIT_NPROC beyond what the user has; 0: no new limit
    int jobs = 0;             ///< all in one answer, and all may run at once
    bool foreground = false;  ///< `bash` calls instead of background jobs
    /// The limit leaves room for one or two jobs, so a `bash` call waits for its turn and must run.
    bool must_run = false;

    [[nodiscard]] std::string name() const;
};
/// A fixed list, whose largest trial has `jobs` calls in one answer, and a few random trials.
std::vector<LimitedTrial> limited_trials(int jobs, unsigned seed);

/// Runs a session a few times with the limits, and then without them until every end is delivered.
/// As root it limits the processes of a user that has no others, else those of its own user.
class LimitedRuns {
public:
    /// What may fail because of the limits.
    static AllowedFailures allowed_failures(const LimitedTrial& limit);
    static TrialJobOptions job_options(const LimitedTrial& limit);

    LimitedRuns(Trial& trial, LimitedTrial limit);
    void run();

private:
    void run_a_job(const std::string& mark);
    [[nodiscard]] std::vector<std::string> wrapper(bool limited) const;

    Trial& trial_;
    const LimitedTrial limit_;
    const int user_;  // 0: the user of this process
};

}  // namespace tenon::faults
