#pragma once

#include <string>
#include <sys/resource.h>
#include <sys/types.h>

#include "host/base/result.h"
#include "host/base/unique_fd.h"
#include "host/jobs/job.h"
#include "host/sandbox/confinement.h"
#include "host/shim/pid_namespace.h"

namespace tenon::shim {

/// Removes from this process what it has inherited from its starter. Afterwards:
/// - SIGTERM and SIGCHLD are blocked; the other signals that a person or a terminal sends are
/// ignored;
///   all others have their default dispositions;
/// - the soft descriptor limit is as given, the standard streams are /dev/null, and no other
///   descriptor is open;
/// - the process has a session of its own and is a subreaper.
/// Returns the standard output with which the process was started: closing it tells the starter
/// that the status was written.
Result<UniqueFd> detach(rlim_t soft_descriptor_limit);

/// Sets the environment variables that every job's command has.
void prepare_environment(const std::string& job_id);

/// Starts `bash -c command` in `cwd`, in a session of its own and inside `confinement`, which
/// outlives the command. Its standard output and error go to `output`. Returns when the program
/// runs; the Error says why it does not. Returns the pid of bash, or, if `place.status` is set, of
/// the init of bash's PID namespace.
Result<pid_t> start_bash(const jobs::JobSpec& job, sandbox::Confinement& confinement, int output,
                         Placement& place);

}  // namespace tenon::shim
