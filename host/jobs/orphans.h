#pragma once

#include <functional>
#include <set>
#include <sys/types.h>

#include "host/jobs/job.h"
#include "host/jobs/record.h"

/// Orphans: processes of a job whose supervisor was killed. They are found by the job's id in the
/// environment with which they were started.
namespace tenon::jobs {

/// The name of the process that starts shims. It shows that this process adopts their orphans.
inline constexpr char kLauncherName[] = "tenon-launcher";

struct OrphansEnded {
    int ended = 0;
    int survivors = 0;   ///< SIGKILL did not end them in time, or is not permitted
    bool looked = true;  ///< false: the list of processes could not be read, so some may be left
};

/// Ends, by SIGKILL, every orphan of the job whose dead supervisor was `shim`. These are:
/// - the processes of this user that have `TENON_JOB_ID=<id>` in their environment, began after the
///   supervisor and have lost their parent;
/// - all their descendants.
/// A process has lost its parent when the parent is gone, is pid 1, or is a supervisor or launcher
/// of Tenon, since these adopt orphans. A process with any other parent has the id only because the
/// environment was passed on to it: a window of a terminal, an editor's server, a service.
/// These are never ended: supervisors (a tenon inside the job has jobs of its own) and what they
/// supervise; this process and its ancestors; and, when it belongs to the job, its descendants.
/// Returns when no orphan is left, when none has ended for five seconds, or after half a minute.
/// The caller holds the job's lock. Does nothing when the supervisor lives or was of another boot.
OrphansEnded end_orphans(const JobId& id, const Started& shim);

/// The job ids in the environments of this machine's processes.
std::set<JobId> jobs_with_processes();

/// For a process that adopts orphans: ends those of its children, and their descendants, that are
/// neither `ours` nor supervisors and have no job id, so that `end_orphans` would not find them.
/// One round. Returns whether there was something to end; then another round is needed.
bool end_children_without_id(const std::function<bool(pid_t)>& ours);

}  // namespace tenon::jobs
