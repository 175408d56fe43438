#pragma once

#include "host/cli/options.h"
#include "host/config/settings.h"

namespace tenon::app {

/// One headless run. Returns the exit code of the program.
int run_headless(const cli::Options& options, const config::Loaded& loaded,
                 const config::Sources& sources);

}  // namespace tenon::app
