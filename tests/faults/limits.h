#pragma once

#include <string>
#include <vector>

#include "tests/faults/trial.h"

namespace tenon::faults {

/// One trial under limits of the system.
struct Limit {
    int descriptors = 0;      ///< RLIMIT_NOFILE; 0: as it is
    int processes = 0;        ///< RLIMIT_NPROC beyond what the user has; 0: as it is
    int jobs = 0;             ///< all of them asked for in one answer, and running at once
    bool foreground = false;  ///< `bash` calls instead of background jobs
    /// The limit leaves room for a job or two: a `bash` call waits for it then.
    bool must_run = false;

    [[nodiscard]] std::string name() const;
};
/// Those that are tried: the same always, of which the largest has `jobs` calls in one answer, and
/// a few at random.
std::vector<Limit> limits(int jobs, unsigned seed);

/// Runs a session under a limit, a few times, and then without until everything has been told.
/// Processes are limited for a user of its own where this process is root, else for its user.
class LimitedRuns {
public:
    /// What a limit excuses: a report that says so.
    static Excuses excuses(const Limit& limit);
    static Demand demand(const Limit& limit);

    LimitedRuns(Trial& trial, Limit limit);
    void run();

private:
    void run_a_job(const std::string& mark);
    [[nodiscard]] std::vector<std::string> wrapper(bool limited) const;

    Trial& trial_;
    const Limit limit_;
    const int user_;  // 0: this one
};

}  // namespace tenon::faults
