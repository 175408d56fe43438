#include <array>

#include "host/cli/plugin_verbs.h"

namespace tenon::cli {
namespace {

// clang-format off
constexpr std::array kPluginOptions = {
    OptionSpec{0, "lang", "LANGUAGE", "new: the language of the plugin: c, cpp or rust"},
    OptionSpec{0, "dir", "DIR", "new: where to make the directory NAME; default: the current directory"},
};
// clang-format on

constexpr CommandSpec kPluginCommand{
    "tenon plugin", "new NAME --lang LANGUAGE [--dir DIR]",
    "Works with plugins, which give tools to models. `new` writes a directory with the sources of "
    "a new plugin "
    "and its test; it builds against the installed SDK.",
    kPluginOptions,
    "NAME is the id of the plugin: 1 to 32 characters of a-z, 0-9, '_' and '-', the first a\n"
    "letter. Its tool has the same name, with '_' for '-'.\n"
    "\n"
    "Exit: 0 done; 1 the directory could not be written; 2 usage.\n"};

constexpr std::array kPluginVerbs = {
    VerbSpec{"new", {"lang", "dir"}, 1, 1},
};

}  // namespace

int run_plugin(Options options, const config::Sources& sources, const Console& console,
               const StartLogging& start_logging) {
    const auto arguments = parse_command(kPluginCommand, options);
    if (!arguments) return complain(console, arguments.error().message, kExitUsage);
    if (options.help) {
        console.out << command_help(kPluginCommand);
        return 0;
    }
    const auto verb = find_verb(kPluginCommand, kPluginVerbs, *arguments);
    if (!verb) return complain(console, verb.error().message, kExitUsage);
    return finish(console, new_plugin({sources, console, *arguments, options, start_logging}));
}

}  // namespace tenon::cli
