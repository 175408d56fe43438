#include "host/terminal/tty_modes.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tenon::terminal {
namespace {

constexpr std::string_view kPasteBracketsOn = "\033[?2004h";
constexpr std::string_view kPasteBracketsOff = "\033[?2004l";

// A signal handler uses these.
volatile sig_atomic_t restore_in = -1;
volatile sig_atomic_t restore_out = -1;
termios original_modes;

constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
std::array<struct sigaction, kFaults.size()> actions_before;

/// Safe in a signal handler.
void restore_modes() {
    const int in = restore_in;
    if (in < 0) return;
    restore_in = -1;
    (void)!::write(restore_out, kPasteBracketsOff.data(), kPasteBracketsOff.size());
    ::tcsetattr(in, TCSANOW, &original_modes);
}

/// Then the action that was set before handles the fault.
void restore_and_raise(int signal) {
    restore_modes();
    for (std::size_t i = 0; i < kFaults.size(); ++i)
        if (kFaults[i] == signal) ::sigaction(signal, &actions_before[i], nullptr);
    ::raise(signal);
}

void watch_for_faults() {
    static bool watching = false;
    if (watching) return;
    watching = true;
    (void)std::atexit(restore_modes);
    struct sigaction action {};
    action.sa_handler = restore_and_raise;
    action.sa_flags = SA_ONSTACK;
    for (std::size_t i = 0; i < kFaults.size(); ++i)
        ::sigaction(kFaults[i], &action, &actions_before[i]);
}

}  // namespace

ScreenSize screen_size(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return {};
    return {size.ws_col == 0 ? 80U : size.ws_col, size.ws_row == 0 ? 24U : size.ws_row};
}

TtyModes::TtyModes(int in, int out) : in_(in), out_(out) {}

void TtyModes::enter() {
    if (entered_) return;
    if (::tcgetattr(in_, &original_modes) != 0) return;
    raw_ = original_modes;
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
    // Not TCSAFLUSH, which drops the keys that were typed while the program started.
    ::tcsetattr(in_, TCSADRAIN, &raw_);
    (void)!::write(out_, kPasteBracketsOn.data(), kPasteBracketsOn.size());
}

void TtyModes::leave() {
    if (!entered_) return;
    entered_ = false;
    restore_modes();
}

}  // namespace tenon::terminal
