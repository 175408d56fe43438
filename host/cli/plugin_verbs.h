#pragma once

#include "host/cli/commands.h"
#include "host/cli/console.h"
#include "host/cli/option_table.h"
#include "host/config/configuration.h"

/// The verbs of `tenon plugin`. The command line is checked already, except what a verb states.
/// Each returns the exit code.
namespace tenon::cli {

/// What a verb works with. Everything outlives it.
struct PluginCall {
    const config::Sources& sources;
    const Console& console;
    const Arguments& arguments;
    const Options& options;
    const StartLogging& start_logging;
};

/// `new NAME --lang LANGUAGE [--dir DIR]`: copies the template of a language to DIR/NAME. Needs no
/// configuration. What is there already is left alone, and after a failure nothing of the copy is
/// left.
int new_plugin(const PluginCall& call);

}  // namespace tenon::cli
