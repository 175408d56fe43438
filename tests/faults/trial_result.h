#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tests/faults/trial.h"

namespace tenon::faults {

/// What a trial has shown. Every list must be empty.
struct TrialResult {
    int background = 0;
    int foreground = 0;
    int unrecorded = 0;          ///< folders of jobs whose host was killed before it recorded them
    int not_started = 0;         ///< ended with the reason why, and did not run
    int cancelled = 0;           ///< by a run that failed
    int supervisors_killed = 0;  ///< their jobs are lost, and counted here only
    std::vector<std::string> lost;       ///< without a status, or lost without a killed supervisor
    std::vector<std::string> doubled;    ///< delivered twice, or run twice
    std::vector<std::string> missing;    ///< never delivered, never run, or calls without a result
    std::vector<std::string> wrong;      ///< delivered or recorded in another way than it happened
    std::vector<std::string> survivors;  ///< processes
    std::vector<std::string> hung;       ///< commands that made no progress for too long
    std::vector<std::string> refused;    ///< requests
    std::vector<std::string> bad_runs;   ///< of the host

    [[nodiscard]] bool is_clean() const;
};

/// Counts over the store, the journal, the last conversation and what the commands have written.
TrialResult judge(Trial& trial);

void print(std::ostream& out, const TrialResult& result, Trial& trial);

}  // namespace tenon::faults
