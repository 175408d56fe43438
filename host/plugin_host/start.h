#pragma once

#include <sys/types.h>

namespace tenon::plugin_host {

/// The descriptor of the connection to the host.
constexpr int kHostSocket = 3;

/// The kernel kills this process when its parent ends. Ends it at once when the parent is not
/// `parent` any more. Call it again after the process has changed its credentials, which clears
/// this.
void die_with(pid_t parent);

/// Closes what was inherited beyond kHostSocket, ignores SIGPIPE as the host does, and raises
/// oom_score_adj, so that this process ends before the host when memory runs out. What a plugin
/// prints is passed on line by line.
void prepare_process();

}  // namespace tenon::plugin_host
