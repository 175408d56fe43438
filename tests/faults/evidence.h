#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "tests/faults/work.h"

namespace tenon::faults {

/// What the commands themselves have written about one attempt, where nothing runs short.
struct Trace {
    int begun = 0;                 ///< how often
    std::optional<int> exit_code;  ///< none: it has not come to its end, or was killed
};

/// By attempt; those that never began are missing.
using Evidence = std::map<Attempt, Trace>;

/// Reads the file `ran` of the workspace.
Evidence read_evidence(const std::filesystem::path& workspace);

}  // namespace tenon::faults
