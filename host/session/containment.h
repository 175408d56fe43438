#pragma once

#include <string>

#include "host/config/settings.h"
#include "host/jobs/job_limits.h"
#include "host/sandbox/policy.h"

namespace tenon::session {

/// What the commands of a run may do.
struct Containment {
    sandbox::Policy policy;
    std::string notice;  ///< what the kernel cannot enforce of it, for a person; else empty
};

/// From the settings as they are. Where there is a sandbox, asks the kernel what it can do, which
/// takes a child process and about a millisecond.
Containment containment_of(const config::Settings& settings);

/// The configured limits of each job.
jobs::JobLimits job_limits_of(const config::Settings::Jobs& settings);

}  // namespace tenon::session
