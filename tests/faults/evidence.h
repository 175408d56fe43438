#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "tests/faults/trial_job.h"

namespace tenon::faults {

/// What the command of one attempt has written about itself in the workspace.
struct Trace {
    int begun = 0;                 ///< how often it began
    std::optional<int> exit_code;  ///< none: it has not ended, or was killed
};

/// By attempt, without those that never began.
using Evidence = std::map<Attempt, Trace>;

/// Reads the file `ran` of the workspace.
Evidence read_evidence(const std::filesystem::path& workspace);

}  // namespace tenon::faults
