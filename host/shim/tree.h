#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace tenon::shim {

struct Descendant {
    pid_t pid = 0;
    std::uint64_t start_time = 0;
    bool zombie = false;
};

/// Every process that has `root` among its ancestors, from one reading of /proc. A process that is
/// forked meanwhile may be missing: callers look again.
std::vector<Descendant> descendants_of(pid_t root);

/// The pids of the descendants, from the kernel's lists of children. On a machine with many
/// processes this is much cheaper, and it does not wait for any of them. When processes start and
/// end meanwhile, some may be missing. Stops when it has found more than `enough`.
std::vector<pid_t> listed_pids(pid_t root, std::size_t enough = 100'000);

/// Stops every descendant, so that none can fork. Gives up after a few looks if they are forked
/// faster than that. `group` is a process group that belongs to the tree alone, or 0; it is stopped
/// at once.
void stop_descendants(pid_t root, pid_t group);

/// Stops and then kills every descendant, so that none can fork while the others die.
void kill_descendants(pid_t root);

void signal_descendants(pid_t root, int first, int second);

/// A child may make its parent its tracer (PTRACE_TRACEME in ptrace(2)). Then each signal stops it
/// until the tracer continues it, and waitpid reports the stop. Detaches from such a child. Returns
/// whether `status` is such a stop, and not an end.
bool release_if_traced(pid_t child, int status);

/// How many descendants are not zombies; without those in `excluded`.
int count_living(pid_t root, const std::vector<pid_t>& excluded);

}  // namespace tenon::shim
