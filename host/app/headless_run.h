#pragma once

#include "host/app/options.h"
#include "host/app/settings.h"

namespace tenon::app {

/// One headless run. Returns the exit code of the program.
int run_headless(const Options& options, const Loaded& loaded, const Sources& sources);

}  // namespace tenon::app
