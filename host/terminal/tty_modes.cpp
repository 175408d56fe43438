#include "host/terminal/tty_modes.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "host/base/forced_end.h"

namespace tenon::terminal {
namespace {

constexpr std::string_view kPasteBracketsOn = "\033[?2004h";
constexpr std::string_view kPasteBracketsOff = "\033[?2004l";
constexpr std::string_view kAlternateScreenOn = "\033[?1049h";
constexpr std::string_view kAlternateScreenOff = "\033[?25h\033[?1049l";

/// Beyond termios: a bit of `switched_on`, and the bytes that switch it on, on again after another
/// program may have switched it off, and off.
struct Switch {
    int bit;
    std::string_view on, again, off;
};
constexpr int kFocusReports = 1, kOwnTitle = 2, kKittyKeys = 4, kModifiedKeys = 8;
constexpr auto kSwitches = std::to_array<Switch>({
    {kFocusReports, "\033[?1004h", "\033[?1004h", "\033[?1004l"},
    {kOwnTitle, "\033[22;2t", "", "\033[23;2t"},
    // 1: no key is ambiguous. 4: keys of other alphabets say where they are on a Latin keyboard.
    {kKittyKeys, "\033[>5u", "\033[=5u", "\033[<u"},
    // Level 1 leaves the keys alone that have a control code, such as Ctrl-C.
    {kModifiedKeys, "\033[>4;1m", "\033[>4;1m", "\033[>4m"},
});
/// For kitty's keyboard protocol, and for the kind of terminal.
constexpr std::string_view kQuestions = "\033[?u\033[>c";

// A signal handler uses these.
volatile sig_atomic_t switched_on = 0;
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
    for (const Switch& one : kSwitches)
        if ((switched_on & one.bit) != 0)
            (void)!::write(restore_out, one.off.data(), one.off.size());
    switched_on = 0;
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

TtyModes::TtyModes(int in, int out, TerminalKind kind)
    : in_(in),
      out_(out),
      kind_(kind),
      wanted_(kind.parses_sequences ? kFocusReports | kOwnTitle : 0) {
    if (kind.has_modified_keys) wanted_ |= kModifiedKeys;
}

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
    if (kind_.parses_sequences && !std::exchange(asked_, true))
        (void)!::write(out_, kQuestions.data(), kQuestions.size());
}

void TtyModes::use_kitty_keys() {
    wanted_ |= kKittyKeys;
    switch_on();
}

void TtyModes::use_modified_keys() {
    if ((wanted_ & kKittyKeys) != 0) return;
    wanted_ |= kModifiedKeys;
    switch_on();
}

/// What is wanted and not on. While the alternate screen is shown, this waits.
void TtyModes::switch_on() {
    if (!entered_ || lent_ || alternate_screen_on != 0) return;
    std::string bytes;
    for (const Switch& one : kSwitches)
        if ((wanted_ & one.bit & ~switched_on) != 0) bytes += one.on;
    switched_on = switched_on | wanted_;
    (void)!::write(out_, bytes.data(), bytes.size());
}

void TtyModes::set_again() {
    if (!entered_ || lent_) return;
    // Not TCSAFLUSH, which drops the keys that were typed while the program started.
    ::tcsetattr(in_, TCSADRAIN, &raw_);
    std::string bytes(kPasteBracketsOn);
    // The alternate screen has keyboard modes of its own.
    const int not_here = alternate_screen_on != 0 ? kKittyKeys : 0;
    for (const Switch& one : kSwitches)
        if ((switched_on & ~not_here & one.bit) != 0) bytes += one.again;
    (void)!::write(out_, bytes.data(), bytes.size());
    switch_on();
}

void TtyModes::let_keys_signal(bool on) {
    if (!entered_) return;
    raw_.c_lflag = on ? raw_.c_lflag | ISIG : raw_.c_lflag & ~static_cast<tcflag_t>(ISIG);
    if (lent_) return;
    ::tcsetattr(in_, TCSANOW, &raw_);
}

void TtyModes::show_alternate_screen(bool on) {
    if (!entered_ || on == (alternate_screen_on != 0)) return;
    alternate_screen_on = on ? 1 : 0;
    const std::string_view bytes = on ? kAlternateScreenOn : kAlternateScreenOff;
    (void)!::write(out_, bytes.data(), bytes.size());
    if (!on) switch_on();
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
