#pragma once

#include <termios.h>

#include "host/terminal/live_area.h"

namespace tenon::terminal {

/// The size of the terminal `fd`; 80 × 24 when it does not know.
ScreenSize screen_size(int fd);

/// The modes of a terminal that gives its keys one by one: no echo, no line editing by the kernel,
/// no signals from keys, pastes in brackets. The old modes come back when the object is destroyed,
/// at exit, and when a fault of the program raises a signal. One object at a time; main thread.
class TtyModes {
public:
    /// `in` and `out` are the terminal. Changes nothing yet.
    TtyModes(int in, int out);
    ~TtyModes() { leave(); }
    TtyModes(const TtyModes&) = delete;
    TtyModes& operator=(const TtyModes&) = delete;

    /// Saves the present modes, and changes them.
    void enter();
    void leave();
    /// Gives the old modes back for a while. Whatever other programs do to them meanwhile, the
    /// modes that `enter` saved stay the old ones.
    void lend();
    void take_back();
    /// Sets them once more, after another program has changed them.
    void set_again() const;
    /// Whether Ctrl-C raises SIGINT instead of giving a key.
    void let_keys_signal(bool on);
    /// Shows the alternate screen, or the normal one as it was before. A sudden end brings the
    /// normal one back too.
    void show_alternate_screen(bool on) const;

private:
    int in_, out_;
    bool entered_ = false, lent_ = false;
    termios raw_{};
};

}  // namespace tenon::terminal
