#pragma once

#include <functional>
#include <set>
#include <sys/types.h>

#include "host/jobs/job.h"
#include "host/jobs/record.h"

/// What a supervisor leaves that was ended by force: processes of its job that nobody looks after.
/// They are known by the job's id in the environment that they were started with.
namespace tenon::jobs {

/// The name of the process that starts shims, by which it is known to adopt what they leave.
inline constexpr char kLauncherName[] = "tenon-launcher";

struct OrphansEnded {
    int ended = 0;
    int survivors = 0;  ///< not even SIGKILL ended them in time, or they may not be signalled
    bool looked = true;  ///< false: the list of processes could not be read, some may be left
};

/// Ends, by SIGKILL, every process of the job whose dead supervisor was `shim`: those of this user
/// that carry `TENON_JOB_ID=<id>`, began after the supervisor and have lost their parent, and all
/// that descends from them. A process has lost its parent when that is gone, or is pid 1, or is a
/// supervisor or a launcher of Tenon, which adopt what others leave. What some other process has
/// for a child carries the id because the environment was passed on: a window of a terminal, an
/// editor's server, a service. Spared are also supervisors, which have jobs of their own in a tenon
/// that runs inside the job, what those supervise, and this process with its ancestors; when it
/// belongs to the job itself, also its descendants. Returns when none is left, or when for five
/// seconds none more has ended, after half a minute at most. Whoever calls this holds the job's
/// lock. Does nothing when the supervisor lives or was of another boot.
OrphansEnded end_orphans(const JobId& id, const Started& shim);

/// The ids that processes of this machine carry.
std::set<JobId> jobs_with_processes();

/// For a process that adopts what supervisors leave: ends those of its children, and their
/// descendants, that are neither `ours` nor supervisors and carry no id by which `end_orphans`
/// would know them. One round; true when there was something to end, so that another is due.
bool end_unmarked_children(const std::function<bool(pid_t)>& ours);

}  // namespace tenon::jobs
