#pragma once

#include <termios.h>

namespace tenon::terminal {

/// The modes of the terminal while keys come one by one: no echo, no lines, no signals from keys,
/// pastes in brackets. They are put back when the object goes, at exit, and by a signal that ends
/// the program because of a fault in it. One at a time; main thread.
class TtyModes {
public:
    /// Of the terminal that `in` and `out` are. Nothing is changed yet.
    TtyModes(int in, int out);
    ~TtyModes() { leave(); }
    TtyModes(const TtyModes&) = delete;
    TtyModes& operator=(const TtyModes&) = delete;

    /// Remembers the modes that stand, and changes them.
    void enter();
    void leave();
    /// Sets them once more, after somebody else has changed them.
    void set_again() const;

private:
    int in_, out_;
    bool entered_ = false;
    termios raw_{};
};

}  // namespace tenon::terminal
