#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "host/base/unique_fd.h"

/// Where a job's command is put before it begins: a PID namespace, a cgroup.
namespace tenon::shim {

struct Placement {
    bool wants_pid_namespace = false;
    int cgroup_procs = -1;         ///< file to write "0" into; -1: no cgroup
    std::uint64_t most_tasks = 0;  ///< RLIMIT_NPROC, if it is lower than that; 0: as it is

    // What came of it:
    pid_t parent = 0;          ///< of the command, as the command sees it
    UniqueFd status;           ///< set: the process is the namespace's init, which reports here
    std::string no_namespace;  ///< why there is none though one was wanted
};

/// Forks. Returns 0 in the process that shall become the command, its child's pid in the caller,
/// or -1 with errno. With a PID namespace the child is not the command but the namespace's init:
/// a process of ours that starts the command, reaps what is orphaned, reports the command's wait
/// status through `status` and exits when nothing is left. It dies with the caller, and everything
/// in the namespace dies with it. Where no namespace can be made the command runs without one.
pid_t fork_placed(Placement& place);

/// The command's wait status, once init has reported it. Does not block.
std::optional<int> reported_status(const UniqueFd& status);

}  // namespace tenon::shim
