#include "host/terminal/tty_modes.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace tenon::terminal {
namespace {

constexpr std::string_view kBegin = "\033[?2004h";
constexpr std::string_view kEnd = "\033[?2004l";

// What a signal handler can reach.
volatile sig_atomic_t restore_in = -1;
volatile sig_atomic_t restore_out = -1;
termios original;

constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
std::array<struct sigaction, kFaults.size()> before;

/// Safe in a signal handler.
void restore() {
    const int in = restore_in;
    if (in < 0) return;
    restore_in = -1;
    (void)!::write(restore_out, kEnd.data(), kEnd.size());
    ::tcsetattr(in, TCSANOW, &original);
}

/// Leaves the fault to whoever would have had it.
void restore_and_fail(int signal) {
    restore();
    for (std::size_t i = 0; i < kFaults.size(); ++i)
        if (kFaults[i] == signal) ::sigaction(signal, &before[i], nullptr);
    ::raise(signal);
}

void watch_for_faults() {
    static bool watching = false;
    if (watching) return;
    watching = true;
    (void)std::atexit(restore);
    struct sigaction action {};
    action.sa_handler = restore_and_fail;
    action.sa_flags = SA_ONSTACK;
    for (std::size_t i = 0; i < kFaults.size(); ++i)
        ::sigaction(kFaults[i], &action, &before[i]);
}

}  // namespace

TtyModes::TtyModes(int in, int out) : in_(in), out_(out) {}

void TtyModes::enter() {
    if (entered_) return;
    if (::tcgetattr(in_, &original) != 0) return;
    raw_ = original;
    raw_.c_iflag &= ~static_cast<tcflag_t>(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT);
    raw_.c_oflag |= OPOST | ONLCR;
    raw_.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ECHONL | ISIG | IEXTEN);
    raw_.c_cc[VMIN] = 1;
    raw_.c_cc[VTIME] = 0;
    watch_for_faults();
    restore_out = out_;
    restore_in = in_;
    entered_ = true;
    set_again();
}

void TtyModes::set_again() const {
    if (!entered_) return;
    // Not TCSAFLUSH: what was typed while the program started is kept.
    ::tcsetattr(in_, TCSADRAIN, &raw_);
    (void)!::write(out_, kBegin.data(), kBegin.size());
}

void TtyModes::leave() {
    if (!entered_) return;
    entered_ = false;
    restore();
}

}  // namespace tenon::terminal
