#include "host/app/commands/interactive.h"

#include <csignal>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>

#include "host/app/interactive/sitting.h"
#include "host/app/interactive/slash_commands.h"
#include "host/app/logging.h"
#include "host/app/run_setup.h"
#include "host/app/screen.h"
#include "host/app/visible_text.h"
#include "host/jobs/launcher.h"
#include "host/ui/completion.h"
#include "host/ui/terminal.h"

namespace tenon::app {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int complain(const std::string& message, int exit_code) {
    std::cerr << "tenon: " << message << "\n";
    return exit_code;
}

/// Also once the terminal is given back: a signal that is late changes no exit code.
void block_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// For the history. Where it cannot be made there is none, and the host says what is wrong.
void make_state_folder(const std::filesystem::path& folder) {
    std::error_code failed;
    std::filesystem::create_directories(folder.parent_path(), failed);
    ::mkdir(folder.c_str(), 0700);
}

}  // namespace

int run_interactive(const Options& options, const Loaded& loaded, const Sources& sources) {
    auto setup = prepare_run(options, loaded);
    if (!setup) return complain(setup.error().message, kUsage);
    // Both before any thread starts; the launcher also before memory grows.
    const auto launcher = jobs::Launcher::start("/proc/self/exe");
    const Screen screen = screen_of(STDOUT_FILENO, sources.environment);
    ui::Terminal::Options terminal_options;
    terminal_options.dumb = !screen.escapes;
    terminal_options.colour = screen.colour;
    terminal_options.history = (*setup)->settings.state_dir / "history";
    const auto workspace = (*setup)->settings.workspace;
    terminal_options.complete = [workspace](std::string_view word) {
        return word.starts_with('/') ? slash_completions(word) : ui::complete_path(workspace, word);
    };
    terminal_options.redact = [&secrets = (*setup)->secrets](std::string_view line) {
        return secrets.redact(std::string(line));
    };
    block_signals();
    make_state_folder((*setup)->settings.state_dir);
    auto terminal = ui::Terminal::open(std::move(terminal_options));
    if (!terminal) return complain(terminal.error().message, kFailed);

    const Settings::Log& log = (*setup)->settings.log;
    const bool log_on_screen = log.file.empty() && ::isatty(STDERR_FILENO) == 1;
    if (log_on_screen) {
        show_log([&screen_terminal = **terminal](const std::string& line) {
            screen_terminal.post(
                [&screen_terminal, text = visible(line)] { screen_terminal.print(text); });
        });
    }
    Sitting::End end;
    {
        Sitting sitting({options, sources, **setup, *launcher, **terminal, screen});
        end = sitting.run();
    }
    if (log_on_screen) show_log({});
    terminal->reset();
    return end.message.empty() ? end.exit_code : complain(end.message, end.exit_code);
}

}  // namespace tenon::app
