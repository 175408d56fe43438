#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "host/base/unique_fd.h"

/// Where a job's command runs: in a PID namespace, in a cgroup.
namespace tenon::shim {

struct Placement {
    bool wants_pid_namespace = false;
    int cgroup_procs = -1;         ///< the file to write "0" into; -1: no cgroup
    std::uint64_t most_tasks = 0;  ///< RLIMIT_NPROC is lowered to this; 0: it stays as it is

    // The result:
    pid_t parent = 0;          ///< of the command, as the command sees it
    UniqueFd status;           ///< set: the child is the namespace's init, which reports here
    std::string no_namespace;  ///< why there is no namespace although one was wanted
};

/// Forks. Returns 0 in the process that is to become the command, the child's pid in the caller, or
/// -1 with errno. With a PID namespace, the child is not the command but the namespace's init. The
/// init starts the command, reaps orphans, reports the command's wait status through `status`, and
/// exits when no process is left. It dies with the caller, and everything in the namespace dies
/// with it. When no namespace can be made, the command runs without one.
pid_t fork_placed(Placement& place);

/// The command's wait status, once init has reported it. Does not block.
std::optional<int> reported_status(const UniqueFd& status);

}  // namespace tenon::shim
