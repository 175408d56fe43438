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

    [[nodiscard]] bool json() const { return arguments.has("json"); }
    /// The words after the verb, from 0 on.
    [[nodiscard]] const std::string& word(std::size_t at) const { return arguments.words[at + 1]; }
};

/// `list`: every plugin file in the plugins directories, also those that are not loaded, and why.
/// Runs no code of third-party plugins.
int list_plugins(const PluginCall& call);

/// `info ID|FILE`: one plugin in detail. The plugin need not be in a plugins directory. Runs no
/// code of third-party plugins. Exit code 1: it is unknown, or its file cannot be used.
int show_plugin(const PluginCall& call);

/// `verify FILE`: checks a file for its maker; see verify/verify.h. Exit code 1: a check failed.
int verify_plugin(const PluginCall& call);

/// `call FILE TOOL [JSON]`: calls one tool of a file as `tenon tool` does. The file takes the place
/// of the plugin with its id.
int call_plugin(const PluginCall& call);

/// `new NAME --lang LANGUAGE [--dir DIR]`: copies the template of a language to DIR/NAME. Needs no
/// configuration. What is there already is left alone, and after a failure nothing of the copy is
/// left.
int new_plugin(const PluginCall& call);

}  // namespace tenon::cli
