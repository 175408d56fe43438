#pragma once

#include <functional>

#include "host/cli/console.h"
#include "host/cli/options.h"
#include "host/config/configuration.h"

namespace tenon::cli {

/// Directs the log to where the configuration says.
using StartLogging = std::function<Result<void>(const config::Settings::Log&)>;

/// `tenon tool NAME [JSON]`: calls one tool without a model and without a session. Permissions are
/// those of a headless run: nobody is asked. The text of the tool's result goes to `console.out`,
/// everything else to standard error. Call it before any thread has started: it handles SIGINT,
/// SIGTERM and SIGHUP, which cancel the call, and returns when the call has ended.
///
/// Returns the exit code: 0; 1 when the result is an error or the call was refused; 2 when there is
/// no such tool, the arguments do not fit it, or the configuration is wrong; 128 and the signal's
/// number when a signal has ended the call.
int run_tool(Options options, const config::Sources& sources, const Console& console,
             const StartLogging& start_logging);

}  // namespace tenon::cli
