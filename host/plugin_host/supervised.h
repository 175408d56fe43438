#pragma once

#include "host/base/result.h"

namespace tenon::plugin_host {

/// Goes on in a child process, for a plugin that may start processes. The parent stays outside of
/// the confinement, as a child subreaper: when the child ends, the host asks for it (SIGTERM) or is
/// gone, it ends everything that the child has left, in whatever session, and then ends in the way
/// in which the child has ended. Call it with one thread. Returns in the child only; an Error says
/// why there is none.
Result<void> continue_supervised();

}  // namespace tenon::plugin_host
