#pragma once

#include "host/cli/console.h"
#include "host/cli/options.h"
#include "host/config/configuration.h"

namespace tenon::cli {

/// `tenon tasks list|graph [--dot]`: the tasks of the workspace's `.tasks/`, which it only reads.
/// With `--json` one document: `list` an array of tasks, `graph` {"tasks","edges"}. Files that
/// cannot be used are reported on standard error. Known keys are taken out of everything shown.
/// Returns the exit code: 0; 1 when there is no reading the folder; 2 for usage.
int run_tasks(Options options, const config::Sources& sources, const Console& console);

}  // namespace tenon::cli
