#pragma once

#include "host/cli/console.h"
#include "host/cli/options.h"
#include "host/config/configuration.h"

namespace tenon::cli {

/// `tenon jobs list|show ID|logs ID [-f]|cancel ID…|cancel --all|wait ID…|run -- COMMAND`, on the
/// store of the state directory, whether a host runs or not. With `--json` one document: `list`,
/// `cancel` and `wait` an array of jobs, the others one job. Only `run` creates anything; only it
/// needs a configuration without errors. Known keys are taken out of everything shown.
/// Returns the exit code: 0; 1 when a job is unknown, could not be cancelled or started, or has not
/// completed; 2 for usage. `list --watch` ends by a signal alone; every signal ends the program
/// while it waits.
int run_jobs(Options options, const config::Sources& sources, const Console& console);

}  // namespace tenon::cli
