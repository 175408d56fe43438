#pragma once

#include "host/cli/console.h"
#include "host/cli/options.h"
#include "host/config/configuration.h"

namespace tenon::cli {

/// `tenon config show|check|trust`. `show`: every key, its value and where it came from; `--json`:
/// an array of {"key","value","origin"}, value null where there is none. `check`: what is wrong, on
/// stderr. `trust`: shows the workspace's configuration file and what it sets, asks on a terminal
/// (elsewhere --yes has to be given), and records the hash of exactly what it showed; writes
/// nothing else. Never shows a credential. Returns the exit code: 0; 1 when trust was refused; 2
/// for usage or configuration that is wrong.
int run_config(Options options, const config::Sources& sources, const Console& console);

}  // namespace tenon::cli
