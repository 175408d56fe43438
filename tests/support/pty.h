#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <termios.h>
#include <vector>

#include "tests/support/process.h"

namespace tenon::testing {

/// A program in a pseudo-terminal, and the screen that a person would see (libvterm; like xterm, it
/// does not reflow lines when the width changes). A synchronized update (mode 2026) is shown when
/// it has ended. The program leads a session with this controlling terminal. Its output is read
/// only inside send() and the waits. The destructor kills the program and its process group. For
/// one thread.
class Pty {
public:
    struct Size {
        int columns = 80;
        int rows = 24;
    };
    struct Cursor {
        int row = 0;  ///< from 0
        int column = 0;
        bool operator==(const Cursor&) const = default;
    };

    /// `environment` is the whole environment; the caller sets TERM and a UTF-8 LC_CTYPE.
    Pty(const std::vector<std::string>& command, const Environment& environment,
        const std::filesystem::path& cwd, Size size = {80, 24});
    ~Pty();
    Pty(const Pty&) = delete;
    Pty& operator=(const Pty&) = delete;

    /// Types `keys`, of any length, and reads the program's output meanwhile.
    void send(std::string_view keys);
    /// Waits until one line of the screen contains `text`. False: the program ended, or the time is
    /// over.
    bool wait_for(std::string_view text, std::chrono::milliseconds timeout = kPatience);
    /// The same for any condition. It is checked again after each output of the program.
    bool wait_until(const std::function<bool()>& done,
                    std::chrono::milliseconds timeout = kPatience);
    /// Reads all output and waits for the program's end. Throws when the time is over.
    Process::Exit wait(std::chrono::milliseconds timeout = kPatience);

    void resize(Size size);
    /// Closes the terminal, so the session gets SIGHUP.
    void hang_up();
    void send_signal(int signal) const;
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// The terminal's modes as the program has set them. Not after hang_up().
    [[nodiscard]] termios modes() const;

    /// The screen's lines without trailing blanks, each with a line feed, without empty lines at
    /// the end.
    [[nodiscard]] std::string screen() const;
    [[nodiscard]] std::vector<std::string> lines() const;
    /// The lines that have left the screen at the top, oldest first, in the same form.
    [[nodiscard]] const std::string& scrollback() const;
    [[nodiscard]] std::string everything() const { return scrollback() + screen(); }
    [[nodiscard]] Cursor cursor() const;
    /// Every byte that the program has written.
    [[nodiscard]] const std::string& raw() const { return raw_; }

private:
    class Screen;
    bool pump(std::chrono::steady_clock::time_point deadline, std::string_view& to_send);
    void take();
    /// Puts the output on the screen, except for an update that has begun and not ended.
    void show_output();

    std::unique_ptr<Screen> screen_;
    UniqueFd master_;
    pid_t pid_ = -1;
    bool reaped_ = false;
    std::string raw_;
    std::size_t shown_ = 0;  // bytes of raw_
};

}  // namespace tenon::testing
