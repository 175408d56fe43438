#pragma once

#include <string>

#include "host/config/settings.h"
#include "host/jobs/job_limits.h"
#include "host/sandbox/policy.h"

namespace tenon::session {

/// The sandbox of the commands of a run.
struct Containment {
    sandbox::Policy policy;
    std::string notice;  ///< for a person: the parts that the kernel cannot enforce; else empty
};

/// The sandbox according to the settings. If one is configured, finds out what the kernel can
/// enforce, which takes a child process and about a millisecond.
Containment containment_of(const config::Settings& settings);

/// The configured limits of each job.
jobs::JobLimits job_limits_of(const config::Settings::Jobs& settings);

}  // namespace tenon::session
