#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tests/faults/trial.h"

namespace tenon::faults {

/// What a trial has shown. Every list should be empty.
struct Verdict {
    int background = 0;
    int foreground = 0;
    int half_made = 0;                   ///< directories of a host that failed while it made them
    int not_started = 0;                 ///< ended with the reason why, and did not run
    int cancelled = 0;                   ///< with a run that ended early
    int supervisors_killed = 0;          ///< whose job then counts as lost, which is the truth
    std::vector<std::string> lost;       ///< ends that nobody could tell, without that excuse
    std::vector<std::string> doubled;    ///< told twice, or run twice
    std::vector<std::string> missing;    ///< never told, never run, or calls without a result
    std::vector<std::string> wrong;      ///< told, or recorded, in another way than it happened
    std::vector<std::string> survivors;  ///< processes
    std::vector<std::string> hung;       ///< commands that gave no sign for too long
    std::vector<std::string> refused;    ///< requests
    std::vector<std::string> bad_runs;   ///< of the host

    [[nodiscard]] bool is_clean() const;
};

/// Counts over the store, the journal, the last conversation and what the commands have written.
Verdict judge(Trial& trial);

void print(std::ostream& out, const Verdict& verdict, Trial& trial);

}  // namespace tenon::faults
