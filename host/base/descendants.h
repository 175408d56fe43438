#pragma once

#include <chrono>
#include <cstddef>

namespace tenon {

/// Kills every process that has this one among its ancestors, also those in other process groups
/// and sessions, and reaps its children, until none is left or `limit` is over: some cannot be
/// killed, and the kernel may not let one go. Returns how many were found alive. This process must
/// be a child subreaper, so that orphans come to it, and must want none of its children: also their
/// exit statuses are lost. Needs a descriptor for each process; without enough, it takes several
/// rounds. One thread; blocks.
std::size_t end_descendants(std::chrono::milliseconds limit);

}  // namespace tenon
