#pragma once

#include "host/cli/options.h"
#include "host/config/configuration.h"

namespace tenon::app {

/// One headless run. Returns the exit code of the program.
int run_headless(const cli::Options& options, const config::Configuration& configuration);

}  // namespace tenon::app
