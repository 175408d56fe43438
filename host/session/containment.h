#pragma once

#include <string>

#include "host/app/settings.h"
#include "host/sandbox/policy.h"

namespace tenon::app {

/// What the commands of a run may do.
struct Containment {
    sandbox::Policy policy;
    std::string notice;  ///< what the kernel cannot enforce of it, for a person; else empty
};

/// From the settings as they are. Where there is a sandbox, asks the kernel what it can do, which
/// takes a child process and about a millisecond.
Containment containment_of(const Settings& settings);

}  // namespace tenon::app
