#pragma once

#include "host/cli/options.h"
#include "host/session/run_setup.h"

namespace tenon::cli {

/// The request of a run according to the options. Questions are asked on the terminal of this
/// process, if there is one.
session::RunRequest run_request_of(const Options& options);

}  // namespace tenon::cli
