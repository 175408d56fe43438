#pragma once

#include <termios.h>

#include "host/terminal/live_area.h"
#include "host/terminal/terminal_kind.h"

namespace tenon::terminal {

/// The size of the terminal `fd`; 80 × 24 when it does not know.
ScreenSize screen_size(int fd);

/// The modes of a terminal that gives its keys one by one: no echo, no line editing by the kernel,
/// no signals from keys, pastes in brackets; where it parses sequences, also reports of the focus,
/// the old title put aside, and keys with modifiers told apart. The old modes come back when the
/// object is destroyed, at exit, and when a fault of the program raises a signal. One object at a
/// time; main thread.
class TtyModes {
public:
    /// `in` and `out` are the terminal. Changes nothing yet.
    TtyModes(int in, int out, TerminalKind kind);
    ~TtyModes() { leave(); }
    TtyModes(const TtyModes&) = delete;
    TtyModes& operator=(const TtyModes&) = delete;

    /// Saves the present modes, and changes them. Asks the terminal what it can do; the answers
    /// come as TerminalReports at any time.
    void enter();
    /// The terminal has kitty's keyboard protocol.
    void use_kitty_keys();
    /// It has modifyOtherKeys. Without effect where kitty's protocol is used.
    void use_modified_keys();
    void leave();
    /// Gives the old modes back for a while. Whatever other programs do to them meanwhile, the
    /// modes that `enter` saved stay the old ones.
    void lend();
    void take_back();
    /// Sets them once more, after another program has changed them.
    void set_again();
    /// Whether Ctrl-C raises SIGINT instead of giving a key.
    void let_keys_signal(bool on);
    /// Shows the alternate screen, or the normal one as it was before. A sudden end brings the
    /// normal one back too.
    void show_alternate_screen(bool on);

private:
    void switch_on();

    int in_, out_;
    const TerminalKind kind_;
    int wanted_ = 0;  // of what can be switched on and off; see the .cpp
    bool entered_ = false, lent_ = false, asked_ = false;
    termios raw_{};
};

}  // namespace tenon::terminal
