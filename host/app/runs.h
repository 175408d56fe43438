#pragma once

#include <string>

#include "host/base/output.h"
#include "host/cli/options.h"
#include "host/config/configuration.h"
#include "host/session/run_setup.h"

/// The two kinds of run. Each returns the exit code of the program, and is called on the main
/// thread before any other thread has started.
namespace tenon::app {

/// Runs one prompt without a terminal and prints its result.
int run_headless(const cli::Options& options, const config::Configuration& configuration);

/// Runs an interactive session, and those that `/resume` opens after it. Standard input is a
/// terminal.
int run_interactive(const cli::Options& options, const config::Configuration& configuration,
                    const config::Sources& sources);

/// The request of a run according to the options. Questions are asked on the terminal of this
/// process, if there is one.
session::RunRequest run_request_of(const cli::Options& options);

/// Prints one line on standard error and returns `exit_code`.
inline int complain(const std::string& message, int exit_code) {
    say(message);
    return exit_code;
}

}  // namespace tenon::app
