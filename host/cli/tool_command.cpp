#include <algorithm>
#include <tuple>
#include <unistd.h>

#include "host/base/nearest.h"
#include "host/base/output.h"
#include "host/base/signals.h"
#include "host/base/untrusted.h"
#include "host/cli/call_progress.h"
#include "host/cli/commands.h"
#include "host/cli/screen.h"
#include "host/cli/standard_input.h"
#include "host/cli/terminal_text.h"
#include "host/cli/tool_call.h"
#include "host/session/open_tools.h"
#include "host/ui/headless.h"
#include "host/ui/redaction.h"

namespace tenon::cli {
namespace {

/// The tools of one plugin, or of all when `plugin` is empty.
Error unknown_tool(plugins::Registry& registry, const std::string& name,
                   const std::string& plugin) {
    std::vector<std::string_view> names;
    std::string listed;
    for (const agent::ToolSpec* spec : registry.specs()) {
        if (!plugin.empty() && spec->plugin != plugin) continue;
        names.emplace_back(spec->name);
        listed += (listed.empty() ? "" : ", ") + spec->name;
    }
    // A tool that is missing for a known reason is no misspelling.
    const auto missing = plugin.empty() ? registry.missing_tool(name) : plugins::MissingTool();
    if (!missing.claim.empty())
        return {"no tool " + in_quotes(name) + ": " + missing.claim + ": " + missing.reason};
    const auto meant = nearest(name, names);
    const std::string unknown = "unknown tool " + in_quotes(name);
    if (names.empty())
        return {unknown + (plugin.empty() ? "; no plugin is loaded"
                                          : "; the plugin " + plugin + " has no tools")};
    if (!meant) return {unknown + "; the tools are " + listed};
    return {unknown + "; did you mean " + std::string(*meant) + "? The tools are " + listed};
}

/// The text that a model would get; a line on standard error has a prefix already.
std::string without_error_prefix(const std::string& text) {
    constexpr std::string_view kPrefix = "Error: ";
    return text.substr(text.starts_with(kPrefix) ? kPrefix.size() : 0);
}

void print_result(const std::string& text, const config::Sources& sources, const Console& console) {
    const Screen screen = screen_of(console.output, sources.environment);
    TerminalText shown(screen.colour);
    console.out << (screen.terminal ? shown.take(text) + shown.finish() : text);
    if (!text.empty() && text.back() != '\n') console.out << '\n';
}

/// For a terminal, in one piece. When it cannot be written, it is lost.
void write_error(std::string_view bytes) {
    std::ignore = ::write(error_descriptor(), bytes.data(), bytes.size());
}

/// The plugin that was loaded from the file; the Error says why there is none.
Result<std::string> plugin_of_file(const session::OpenTools& tools,
                                   const std::filesystem::path& file) {
    std::error_code ignored;
    for (const auto& plugin : tools.registry().plugins())
        if (std::filesystem::equivalent(plugin->file(), file, ignored)) return plugin->id();
    const std::string none = "no tool of " + file.string() + " can be called: ";
    for (const plugins::Problem& problem : tools.plugin_problems())
        if (problem.file == file || std::filesystem::equivalent(problem.file, file, ignored))
            return Error{none + "the plugin is left out"};  // a notice has said why
    return Error{none + "the plugin is switched off (plugins.<id>.enabled=false)"};
}

int call_tool(const agent::ToolCall& call, const session::RunSetup& setup,
              const config::Sources& sources, const Console& console,
              const std::filesystem::path& plugin_file) {
    const Secrets& secrets = setup.secrets;
    Signals signals;  // before any thread starts
    CallProgress progress(call.name, screen_of(error_descriptor(), sources.environment),
                          {say, write_error});
    ui::Notices notices([&progress](std::string_view line) { progress.say(line); });
    ui::FanOut watchers(secrets);
    watchers.add(notices);
    watchers.add(progress);
    session::OpenOptions options{setup, watchers, {}};
    options.plugin_file = plugin_file;
    auto tools = session::OpenTools::create(std::move(options));
    if (!tools)
        return complain(console, secrets.redact(tools.error().message), tools.error().exit_code);
    std::string plugin;
    if (!plugin_file.empty()) {
        auto found = plugin_of_file(**tools, plugin_file);
        if (!found) return complain(console, found.error().message, kExitUsage);
        plugin = std::move(*found);
    }
    agent::Tool* const tool = (*tools)->registry().find(call.name);
    if (tool == nullptr || (!plugin.empty() && tool->spec().plugin != plugin))
        return complain(console, unknown_tool((*tools)->registry(), call.name, plugin).message,
                        kExitUsage);
    if (const auto wrong = tool->check(call))
        return complain(console, secrets.redact(without_error_prefix(*wrong)), kExitUsage);

    const agent::CallOutcome outcome = (*tools)->call(*tool, call, signals.stop_token());
    progress.finish();
    if (outcome.denied) {
        complain(console, outcome.result.text, kExitFailed);
    } else {
        print_result(outcome.result.text, sources, console);
    }
    console.out.flush();
    (*tools)->leave_jobs_after_start(signals.stop_token());
    if (outcome.result.is_error && signals.received() != 0) return 128 + signals.received();
    return outcome.result.is_error ? kExitFailed : 0;
}

/// Why a lock on the directories of plugins keeps out a file that a person names; empty: it does
/// not.
std::string refusal_of_file(const std::filesystem::path& file,
                            const config::Settings::Plugins& plugins) {
    if (file.empty() || plugins.path_lock.empty()) return {};
    const auto holds_it = [&](const std::filesystem::path& folder) {
        std::error_code failed;
        return std::filesystem::equivalent(file.parent_path(), folder, failed);
    };
    if (std::any_of(plugins.path.begin(), plugins.path.end(), holds_it)) return {};
    return file.string() + " is in no directory of plugins.path: " + plugins.path_lock;
}

}  // namespace

constinit const CommandSpec kToolCommand{
    "tenon tool",
    "NAME [JSON]",
    "Calls one tool of a plugin without a model. JSON is the object of its arguments; '-' reads it "
    "from standard input, and without it the object is empty. The text of the tool's result goes "
    "to standard output.",
    {},
    "Permissions are those of a run without a terminal: what would be asked is refused, "
    "and the message names the rule to add. --yes answers yes.\n"
    "\n"
    "What the tool reports of its progress goes to standard error: on a terminal in one "
    "line that is rewritten, otherwise as lines, at most three in a second.\n"
    "\n"
    "The call belongs to no session. It knows no jobs but its own, stores nothing for a "
    "session, and has no subagents. Ctrl-C ends its foreground command. A background job "
    "that it has started goes on by itself, like one of `tenon jobs run`, and so does a "
    "command that has reached its foreground timeout: see `tenon jobs`.\n"
    "\n"
    "Exit: 0 done; 1 the result is an error, or the call was refused; 2 no such tool, "
    "arguments that do not fit it, or configuration; 130 after Ctrl-C.\n",
    "call one tool without a model",
    {},
    Takes::kTool};

Result<agent::ToolCall> tool_call_of(std::span<const std::string> words, const std::string& usage,
                                     int input) {
    if (words.empty()) return Error{"usage: " + usage + "; see --help"};
    if (words.size() > 2)
        return Error{"usage: " + usage + "; unexpected argument " + in_quotes(words[2]) +
                     " (is the JSON in quotes?)"};
    agent::ToolCall call;
    call.id = "call_1";
    call.name = words[0];
    if (words.size() == 1) return call;
    Result<std::string> text = words[1] == "-" ? read_to_end(input) : words[1];
    if (!text) return text.error();
    auto parsed = parse_json(*text);
    if (!parsed) return Error{"the arguments are not valid JSON: " + parsed.error().message};
    if (!parsed->is_object())
        return Error{R"(the arguments are not a JSON object, as {"path":"README.md"} is one)"};
    call.input = std::move(*parsed);
    return call;
}

int prepare_and_call_tool(const agent::ToolCall& call, const Options& options,
                          const config::Sources& sources, const Console& console,
                          const StartLogging& start_logging,
                          const std::filesystem::path& plugin_file) {
    const auto configuration = config::load(sources, overrides_of(options));
    if (!configuration) return complain(console, configuration.error().message, kExitUsage);
    for (const std::string& warning : configuration->warnings)
        complain(console, "warning: " + warning, 0);
    const auto setup = session::prepare_tools(*configuration);
    if (!setup) return complain(console, setup.error().message, kExitUsage);
    const std::string refusal = refusal_of_file(plugin_file, (*setup)->settings.plugins);
    if (!refusal.empty()) return complain(console, refusal, kExitUsage);
    if (auto started = start_logging((*setup)->settings.log); !started)
        return complain(console, started.error().message, kExitUsage);
    return finish(console, call_tool(call, **setup, sources, console, plugin_file));
}

int run_tool(Options options, const config::Sources& sources, const Console& console,
             const StartLogging& start_logging) {
    const auto arguments = parse_command(kToolCommand, options);
    if (!arguments) return complain(console, arguments.error().message, kExitUsage);
    if (options.help) {
        console.out << command_help(kToolCommand);
        return 0;
    }
    const auto call = tool_call_of(arguments->words, "tenon tool NAME [JSON]", console.input);
    if (!call) return complain(console, call.error().message, kExitUsage);
    return prepare_and_call_tool(*call, options, sources, console, start_logging);
}

}  // namespace tenon::cli
