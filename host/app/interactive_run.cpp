
#include <csignal>
#include <unistd.h>

#include "host/app/logging.h"
#include "host/app/runs.h"
#include "host/base/output.h"
#include "host/base/untrusted.h"
#include "host/cli/console.h"
#include "host/cli/screen.h"
#include "host/config/state_dir.h"
#include "host/jobs/launcher.h"
#include "host/sitting/sitting.h"
#include "host/terminal/terminal.h"

namespace tenon::app {
namespace {

/// They stay blocked after the terminal is reset, so that a late signal changes no exit code.
void block_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

int run_interactive(const cli::Options& options, const config::Configuration& configuration,
                    const config::Sources& sources) {
    if (options.json_schema)
        return complain(
            "--json-schema needs a prompt: use -p TEXT, or pipe one in; an interactive session "
            "answers in any form",
            cli::kExitUsage);
    auto setup = session::prepare_run(configuration, run_request_of(options));
    if (!setup) return complain(setup.error().message, cli::kExitUsage);
    (*setup)->read_plugin_settings = [&]() -> Result<config::Settings::Plugins> {
        auto read = config::load(sources, overrides_of(options));
        if (!read) return read.error();
        return std::move(read->settings.plugins);
    };
    // Before any thread starts and before memory grows.
    const auto launcher = jobs::Launcher::start("/proc/self/exe");
    (*setup)->launcher = launcher.get();
    const cli::Screen screen = cli::screen_of(output_descriptor(), sources.environment);
    terminal::TerminalOptions terminal_options;
    terminal_options.out = output_descriptor();
    terminal_options.dumb = !screen.escapes;
    terminal_options.colour = screen.colour;
    terminal_options.kind = terminal::terminal_kind([&sources](std::string_view name) {
        return config::variable(sources.environment, std::string(name));
    });
    terminal_options.rings_bell = (*setup)->settings.terminal.notify_bell;
    terminal_options.sends_osc9 = (*setup)->settings.terminal.notify_osc9;
    terminal_options.pager = config::variable(sources.environment, "PAGER");
    terminal_options.history = (*setup)->settings.state_dir / "history";
    terminal_options.workspace = (*setup)->settings.workspace;
    terminal_options.redact = [&secrets = (*setup)->secrets](std::string_view line) {
        return secrets.redact(std::string(line));
    };
    block_signals();
    // The history is in this directory, and is read before the session is opened.
    if (auto made = config::make_state_dir((*setup)->settings.state_dir); !made)
        return complain(made.error().message, cli::kExitUsage);
    auto terminal = terminal::Terminal::open(std::move(terminal_options));
    if (!terminal) return complain(terminal.error().message, cli::kExitFailed);

    const config::Settings::Log& log = (*setup)->settings.log;
    const bool log_on_screen = log.file.empty() && ::isatty(error_descriptor()) == 1;
    if (log_on_screen) {
        show_log([&screen_terminal = **terminal](const std::string& line) {
            screen_terminal.post(
                [&screen_terminal, text = visible(line)] { screen_terminal.print(text); });
        });
    }
    sitting::Sitting::End end;
    {
        sitting::Sitting interactive(**setup, **terminal, screen);
        end = interactive.run();
    }
    if (log_on_screen) show_log({});
    terminal->reset();
    return end.message.empty() ? end.exit_code : complain(end.message, end.exit_code);
}

}  // namespace tenon::app
