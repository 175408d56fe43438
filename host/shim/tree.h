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

/// Every process that has `root` among its ancestors, from one reading of /proc. One that forks
/// while /proc is read may be missed: callers look again.
std::vector<Descendant> descendants_of(pid_t root);

/// Their numbers from the kernel's lists of children: much cheaper on a machine with many
/// processes, and it waits for none of them; where processes come and go meanwhile some may be
/// missed. Stops when it has found more than `enough`.
std::vector<pid_t> listed_pids(pid_t root, std::size_t enough = 100'000);

/// Stops every descendant, so that none can fork; after a few looks at most, also where they are
/// forked faster than that. `group` is a process group that is the tree's alone, or 0: it stops at
/// one stroke.
void stop_descendants(pid_t root, pid_t group);

/// Stops and then kills every descendant, so that none can fork while the others die.
void kill_descendants(pid_t root);

void signal_descendants(pid_t root, int first, int second);

/// A child may make its parent its tracer (PTRACE_TRACEME in ptrace(2)); then each of its signals
/// stops it until we say so, and waitpid tells of it. Lets go of it: true where `status` is such a
/// stop and no end.
bool release_if_traced(pid_t child, int status);

/// Descendants, but for those `left_out`, that are not merely waiting to be reaped.
int count_living(pid_t root, const std::vector<pid_t>& left_out);

}  // namespace tenon::shim
