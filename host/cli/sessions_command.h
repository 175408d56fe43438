#pragma once

#include "host/cli/console.h"
#include "host/cli/options.h"
#include "host/config/configuration.h"

namespace tenon::cli {

/// `tenon sessions list [--all]|show ID|export ID`: reads journals, also of hosts that run, and
/// never takes their lock. `list` shows the sessions of the workspace, the one written last first.
/// With
/// `--json` `list` and `show` print one document; `export` prints JSON lines. Known keys are taken
/// out of everything shown. Returns the exit code: 0; 1 when a session is unknown or its journal
/// cannot be read; 2 for usage.
int run_sessions(Options options, const config::Sources& sources, const Console& console);

}  // namespace tenon::cli
