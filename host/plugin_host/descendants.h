#pragma once

namespace tenon::plugin_host {

/// Kills every process that has this one among its ancestors, also those in other process groups
/// and sessions, and reaps its own children, until none is left (5 s at most: the kernel may not
/// let a process go). This process must be a child subreaper, so that orphans come to it. One
/// thread.
void end_descendants();

}  // namespace tenon::plugin_host
