#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "host/base/json.h"
#include "host/base/result.h"
#include "host/jobs/job.h"
#include "host/plugins/services.h"

namespace tenon::session {

/// What holds for every command of a session.
struct CommandSettings {
    std::filesystem::path workspace = {};
    std::filesystem::path home = {};  ///< `~` at the beginning of a command's directory; or empty
    std::chrono::milliseconds timeout = {};             ///< of background jobs
    std::chrono::milliseconds foreground_timeout = {};  ///< then a command moves to the background
    std::chrono::milliseconds max_timeout = {};         ///< of what a call asks for
    std::uint64_t output_limit = 0;
    jobs::JobLimits limits = {};
    bool pid_namespace = false;
    sandbox::Policy containment = {};
};

/// The job that the parameters of job.submit/1 ask for (sdk/README.md). Error: they are wrong, or a
/// subagent asks for what it may not have. The request has a call.
Result<jobs::JobSpec> read_job_spec(const plugins::ServiceRequest& request,
                                    const CommandSettings& settings);

/// A time among the parameters of a service, at most some thirty years; none: it is no number.
std::optional<std::chrono::milliseconds> milliseconds_of(const Json& params, const char* key);

}  // namespace tenon::session
