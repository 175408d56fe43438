#include "host/terminal/terminal.h"

#include <unistd.h>

#include "host/terminal/dumb_terminal.h"
#include "host/terminal/screen_terminal.h"

namespace tenon::terminal {
namespace {

Result<std::unique_ptr<Terminal>> opened(std::unique_ptr<Terminal> terminal, Result<void> started) {
    if (!started) return started.error().while_doing("open the terminal");
    return terminal;
}

bool can_draw(const TerminalOptions& options) {
    return !options.dumb && ::isatty(options.in) == 1 && ::isatty(options.out) == 1 &&
           utf8_locale() != nullptr;
}

}  // namespace

Result<std::unique_ptr<Terminal>> Terminal::open(TerminalOptions options) {
    if (can_draw(options)) {
        auto terminal = std::make_unique<ScreenTerminal>(std::move(options));
        auto started = terminal->start();
        return opened(std::move(terminal), std::move(started));
    }
    auto terminal = std::make_unique<DumbTerminal>(std::move(options));
    Result<void> started;
    if (!terminal->ok()) started = Error::from_errno("watch for signals");
    return opened(std::move(terminal), std::move(started));
}

}  // namespace tenon::terminal
