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

/// Makes a fresh process of whatever started us: dispositions, signal mask (SIGTERM and SIGCHLD
/// blocked, the others that a person or a terminal sends ignored), soft descriptor limit, standard
/// streams on /dev/null, no other descriptor, own session, subreaper. The returned descriptor is
/// the standard output we were started with: closing it tells the starter that the status stands.
Result<UniqueFd> detach(rlim_t soft_descriptor_limit);

/// What every job's command finds in its environment.
void prepare_environment(const std::string& job_id);

/// `bash -c command` in `cwd`, in a session of its own, its standard output and error on `output`.
/// Inside `confinement`, which outlives the command. Returns when the program runs; the Error says
/// why it does not. The pid is bash's, or with `place.status` that of the init of bash's PID
/// namespace.
Result<pid_t> start_bash(const jobs::JobSpec& job, sandbox::Confinement& confinement, int output,
                         Placement& place);

}  // namespace tenon::shim
