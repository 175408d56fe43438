#include "host/terminal/tty_modes.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/base/forced_end.h"

namespace tenon::terminal {
namespace {

constexpr std::string_view kPasteBracketsOn = "\033[?2004h";
constexpr std::string_view kPasteBracketsOff = "\033[?2004l";
constexpr std::string_view kAlternateScreenOn = "\033[?1049h";
constexpr std::string_view kAlternateScreenOff = "\033[?25h\033[?1049l";

// A signal handler uses these.
volatile sig_atomic_t restore_in = -1;
volatile sig_atomic_t restore_out = -1;
volatile sig_atomic_t alternate_screen_on = 0;
termios original_modes;

constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
std::array<struct sigaction, kFaults.size()> actions_before;

/// Safe in a signal handler.
void restore_modes() {
    const int in = restore_in;
    if (in < 0) return;
    restore_in = -1;
    if (alternate_screen_on != 0) {
        alternate_screen_on = 0;
        (void)!::write(restore_out, kAlternateScreenOff.data(), kAlternateScreenOff.size());
    }
    (void)!::write(restore_out, kPasteBracketsOff.data(), kPasteBracketsOff.size());
    ::tcsetattr(in, TCSANOW, &original_modes);
}

/// What is written next begins below the live area.
void restore_suddenly() {
    if (restore_in < 0) return;
    const int out = restore_out;
    restore_modes();
    (void)!::write(out, "\r\n", 2);
}

/// Then the action that was set before handles the fault.
void restore_and_raise(int signal, siginfo_t* info, void* context) {
    restore_suddenly();
    for (std::size_t i = 0; i < kFaults.size(); ++i) {
        if (kFaults[i] != signal) continue;
        // A handler that wants to know where the signal came from would not learn that from
        // raise().
        if ((actions_before[i].sa_flags & SA_SIGINFO) != 0)
            return actions_before[i].sa_sigaction(signal, info, context);
        ::sigaction(signal, &actions_before[i], nullptr);
    }
    ::raise(signal);
}

void watch_for_faults() {
    static bool watching = false;
    if (watching) return;
    watching = true;
    (void)std::atexit(restore_modes);
    set_terminal_restorer(restore_suddenly);
    struct sigaction action {};
    action.sa_sigaction = restore_and_raise;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
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
    lent_ = false;
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
    if (!entered_ || lent_) return;
    // Not TCSAFLUSH, which drops the keys that were typed while the program started.
    ::tcsetattr(in_, TCSADRAIN, &raw_);
    (void)!::write(out_, kPasteBracketsOn.data(), kPasteBracketsOn.size());
}

void TtyModes::let_keys_signal(bool on) {
    if (!entered_) return;
    raw_.c_lflag = on ? raw_.c_lflag | ISIG : raw_.c_lflag & ~static_cast<tcflag_t>(ISIG);
    if (lent_) return;
    ::tcsetattr(in_, TCSANOW, &raw_);
}

void TtyModes::show_alternate_screen(bool on) const {
    if (!entered_ || on == (alternate_screen_on != 0)) return;
    alternate_screen_on = on ? 1 : 0;
    const std::string_view bytes = on ? kAlternateScreenOn : kAlternateScreenOff;
    (void)!::write(out_, bytes.data(), bytes.size());
}

void TtyModes::leave() {
    if (!entered_) return;
    entered_ = false;
    restore_modes();
}

void TtyModes::lend() {
    if (!entered_) return;
    lent_ = true;
    restore_modes();
}

void TtyModes::take_back() {
    if (!entered_) return;
    lent_ = false;
    restore_in = in_;
    set_again();
}

}  // namespace tenon::terminal
