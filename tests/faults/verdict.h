#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tests/faults/storm.h"

namespace tenon::faults {

/// What a storm has shown. Every list should be empty.
struct Verdict {
    int background = 0;
    int foreground = 0;
    int half_made = 0;                   ///< folders of a host killed while it made them
    int supervisors_killed = 0;          ///< whose job then counts as lost, which is the truth
    std::vector<std::string> lost;       ///< ends that nobody could tell, without that excuse
    std::vector<std::string> doubled;    ///< told twice, or run twice
    std::vector<std::string> missing;    ///< never told, never run, or calls without a result
    std::vector<std::string> wrong;      ///< told, or recorded, with another status or output
    std::vector<std::string> survivors;  ///< processes
    std::vector<std::string> refused;    ///< requests
    std::vector<std::string> bad_runs;   ///< of the host

    [[nodiscard]] bool is_clean() const;
};

/// Counts over the store, the journal, the last conversation and the machine's processes.
Verdict judge(Storm& storm);

void print(std::ostream& out, const Verdict& verdict, const Storm& storm,
           std::chrono::milliseconds took);

}  // namespace tenon::faults
