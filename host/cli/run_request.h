#pragma once

#include "host/cli/options.h"
#include "host/session/run_setup.h"

namespace tenon::cli {

/// What the options ask of a run. Questions are asked on the terminal of this process, if any.
session::RunRequest run_request_of(const Options& options);

}  // namespace tenon::cli
