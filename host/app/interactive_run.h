#pragma once

#include "host/cli/options.h"
#include "host/config/configuration.h"

namespace tenon::app {

/// An interactive session, and those that `/resume` opens after it. Standard input is a terminal.
/// Returns the exit code of the program.
int run_interactive(const cli::Options& options, const config::Configuration& configuration,
                    const config::Environment& environment);

}  // namespace tenon::app
