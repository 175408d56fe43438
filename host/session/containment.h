#pragma once

#include <functional>
#include <optional>
#include <string>

#include "host/base/mutex.h"
#include "host/config/settings.h"
#include "host/jobs/job_limits.h"
#include "host/sandbox/policy.h"

namespace tenon::session {

/// The sandbox of the commands of a run.
struct Containment {
    sandbox::Policy policy;
    std::string notice;  ///< for a person: the parts that the kernel cannot enforce; else empty
};

/// The sandbox according to the settings; with `only_reads` that of the permission mode plan. If
/// one is on, finds out what the kernel can enforce, which takes a child process and about a
/// millisecond.
Containment containment_of(const config::Settings& settings, bool only_reads);
/// The same for the configured permission mode.
inline Containment containment_of(const config::Settings& settings) {
    return containment_of(settings, settings.permissions.mode == "plan");
}

/// The sandboxes of a run whose permission mode may change. `settings` outlives the object.
/// Thread-safe.
class Containments {
public:
    /// `notice` is called for the parts that the kernel cannot enforce, at most once; any thread.
    Containments(const config::Settings& settings, std::function<void(std::string)> notice)
        : settings_(settings), notice_(std::move(notice)) {}

    /// See containment_of; found out at the first call.
    sandbox::Policy policy(bool only_reads);

private:
    const config::Settings& settings_;
    const std::function<void(std::string)> notice_;
    Mutex mutex_;
    std::optional<sandbox::Policy> usual_ TENON_GUARDED_BY(mutex_);
    std::optional<sandbox::Policy> reading_ TENON_GUARDED_BY(mutex_);
    bool noticed_ TENON_GUARDED_BY(mutex_) = false;
};

/// The configured limits of each job.
jobs::JobLimits job_limits_of(const config::Settings::Jobs& settings);

}  // namespace tenon::session
