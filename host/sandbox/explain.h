#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/sandbox/policy.h"

namespace tenon::sandbox {

/// What is known about a command that has ended.
struct CommandOutcome {
    std::string_view output;  ///< or the end of it
    std::string_view cwd;     ///< in which it began
    bool failed = false;
};

/// What the sandbox has stopped, as far as the command's own error messages show it: sentences such
/// as "writing /etc/x is not allowed; sandbox.write", each with the setting that would change it. A
/// message counts only if the policy really does not allow what it is about. If the command
/// succeeded, only messages of bash itself count. Empty when the policy is off. Checks whether
/// paths in the output exist; reads no file.
std::vector<std::string> explain(const Policy& policy, const CommandOutcome& outcome);

}  // namespace tenon::sandbox
