#pragma once

#include "host/app/options.h"
#include "host/app/settings.h"

namespace tenon::app {

/// An interactive session, and those that `/resume` opens after it. Standard input is a terminal.
/// Returns the exit code of the program.
int run_interactive(const Options& options, const Loaded& loaded, const Sources& sources);

}  // namespace tenon::app
