#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/sandbox/policy.h"

namespace tenon::sandbox {

/// What is known of a command that has ended.
struct Outcome {
    std::string_view output;  ///< or its end
    std::string_view cwd;     ///< where it began
    bool failed = false;
};

/// What the sandbox stopped, as far as the command's own error messages tell: sentences such as
/// "writing /etc/x is not allowed; sandbox.write", each with the setting that would change it. A
/// message counts only when the policy really does not allow what it complains about; a command
/// that succeeded is believed only in what bash itself said. Empty when the policy is off. Looks
/// whether paths that the output names are there, and at nothing in files.
std::vector<std::string> explain(const Policy& policy, const Outcome& outcome);

}  // namespace tenon::sandbox
