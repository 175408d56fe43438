#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"
#include "host/jobs/job.h"
#include "host/plugins/services.h"

namespace tenon::session {

/// The settings of every command of a session.
struct CommandSettings {
    std::filesystem::path workspace = {};
    std::filesystem::path home = {};         ///< for `~` in a command's directory; may be empty
    std::chrono::milliseconds timeout = {};  ///< of background jobs
    std::chrono::milliseconds foreground_timeout = {};  ///< then a command moves to the background
    std::chrono::milliseconds max_timeout = {};         ///< of the timeout that a call asks for
    std::uint64_t output_limit = 0;
    jobs::JobLimits limits = {};
    bool pid_namespace = false;
    /// The sandbox of a command that starts now; empty: none. Thread-safe.
    std::function<sandbox::Policy()> containment = {};
};

/// The parameters of job.submit/1.
std::vector<plugins::Parameter> job_parameters();

/// Makes a job from the parameters of job.submit/1 (sdk/README.md). Error: they are wrong, or a
/// subagent may not have such a job. The request has a call.
Result<jobs::JobSpec> read_job_spec(const plugins::ServiceRequest& request,
                                    const CommandSettings& settings);

/// A duration among the parameters of a service, at most about thirty years; nothing: it is no
/// number.
std::optional<std::chrono::milliseconds> milliseconds_of(const Json& params, const char* key);

}  // namespace tenon::session
