#include <array>

#include "host/cli/plugin_verbs.h"

namespace tenon::cli {
namespace {

// clang-format off
constexpr std::array kPluginOptions = {
    OptionSpec{0, "json", "", "list, info, verify: one JSON document instead of text"},
    OptionSpec{0, "lang", "LANGUAGE", "new: the language of the plugin: c, cpp or rust", Repeat::kLast, Takes::kChoice, "c, cpp, rust"},
    OptionSpec{0, "dir", "DIR", "new: where to make the directory NAME; default: the current directory", Repeat::kLast, Takes::kFolder},
};
// clang-format on

// clang-format off
constexpr std::array kPluginVerbs = {
    VerbSpec{"list", {"json"}, 0, 0, {}, "the plugins, and what is left out and why"},
    VerbSpec{"info", {"json"}, 1, 1, "ID|FILE|DIR", "one plugin in detail", Takes::kPlugin},
    VerbSpec{"verify", {"json"}, 1, 1, "FILE", "check a plugin's file for its maker", Takes::kPluginFile},
    VerbSpec{"call", {}, 2, 3, "FILE TOOL [JSON]", "call one tool of a file, without a model", Takes::kPluginFile},
    VerbSpec{"new", {"lang", "dir"}, 1, 1, "NAME --lang LANGUAGE", "write the sources of a new plugin"},
};
// clang-format on

int call_plugin_verb(std::string_view verb, const PluginCall& call) {
    if (verb == "list") return list_plugins(call);
    if (verb == "info") return show_plugin(call);
    if (verb == "verify") return verify_plugin(call);
    return verb == "call" ? call_plugin(call) : new_plugin(call);
}

}  // namespace

constinit const CommandSpec kPluginCommand{
    "tenon plugin",
    "list [--json]\ninfo ID|FILE|DIR [--json]\nverify FILE [--json]\ncall FILE TOOL [JSON]\n"
    "new NAME --lang LANGUAGE [--dir DIR]",
    "Works with plugins, which give tools to models. `list` shows those of this installation and "
    "of the user, also those that are not loaded, and why. `info` shows one in detail. `verify` "
    "checks a file for its maker. `call` calls one tool of a file, without a model. `new` writes "
    "a directory with the sources of a new plugin and its test; it builds against the installed "
    "SDK.",
    kPluginOptions,
    "list, info: run no code of plugins that did not come with Tenon. What they show of "
    "tools is known from the last time that a plugin was loaded.\n"
    "\n"
    "verify: first checks the file without running it, then runs it in processes of its "
    "own, each with a deadline: loading, configuration, instances, leaks, hooks, every "
    "tool with valid, empty, wrong and huge arguments, cancellation, threads. Each line is "
    "a verdict: ok, remark or FAILED, what was found, and what to do.\n"
    "\n"
    "call: as `tenon tool`, with the same permissions. FILE need not be in a plugins "
    "directory; it takes the place of the plugin with its id. JSON is the object of the "
    "tool's arguments; '-' reads it from standard input.\n"
    "\n"
    "new: NAME is the id of the plugin: 1 to 32 characters of a-z, 0-9, '_' and '-', the "
    "first a letter. Its tool has the same name, with '_' for '-'.\n"
    "\n"
    "Exit: 0 done; 1 the plugin is unknown, a check failed, the result is an error, or a "
    "directory could not be written; 2 usage, configuration, or (call) no such tool.\n",
    "list, show, verify, call and begin plugins",
    kPluginVerbs};

int run_plugin(Options options, const config::Sources& sources, const Console& console,
               const StartLogging& start_logging) {
    const auto arguments = parse_command(kPluginCommand, options);
    if (!arguments) return complain(console, arguments.error().message, kExitUsage);
    if (options.help) {
        console.out << command_help(kPluginCommand);
        return 0;
    }
    const auto verb = find_verb(kPluginCommand, *arguments);
    if (!verb) return complain(console, verb.error().message, kExitUsage);
    const PluginCall call{sources, console, *arguments, options, start_logging};
    return finish(console, call_plugin_verb((*verb)->name, call));
}

}  // namespace tenon::cli
