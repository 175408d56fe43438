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

/// A program in a pseudo-terminal of its own, and the screen a person would see there (libvterm;
/// like xterm, it does not flow lines anew when the width changes). The program leads a session
/// whose controlling terminal this is. Nothing is read but inside send, the waits and `wait`; the
/// program and its process group are killed when the object goes. For one thread.
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
    static constexpr std::chrono::seconds kPatience{60};

    /// `environment` is the whole environment; TERM and a UTF-8 LC_CTYPE are the caller's business.
    Pty(const std::vector<std::string>& command, const Environment& environment,
        const std::filesystem::path& cwd, Size size = {80, 24});
    ~Pty();
    Pty(const Pty&) = delete;
    Pty& operator=(const Pty&) = delete;

    /// Types `keys`, of any length; meanwhile reads what the program shows.
    void send(std::string_view keys);
    /// Waits until `text` stands within one line of the screen; false when the program ended or the
    /// time was over.
    bool wait_for(std::string_view text, std::chrono::milliseconds patience = kPatience);
    /// The same for anything that is true of the screen, or of what else the test can see. It is
    /// asked again whenever something has come from the program.
    bool wait_until(const std::function<bool()>& done,
                    std::chrono::milliseconds patience = kPatience);
    /// Reads to the end and takes the exit. Throws when it takes too long.
    Process::Exit wait(std::chrono::milliseconds patience = kPatience);

    void resize(Size size);
    /// The terminal is gone: SIGHUP for the session.
    void hang_up();
    void send_signal(int signal) const;
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// The terminal's modes as the program has set them. Needs a terminal that is not hung up.
    [[nodiscard]] termios modes() const;

    /// The screen's lines without blanks at their ends, each ended by a line feed, empty ones at
    /// the end left out.
    [[nodiscard]] std::string screen() const;
    [[nodiscard]] std::vector<std::string> lines() const;
    /// The lines that have left the screen at its top, oldest first, in the same form.
    [[nodiscard]] const std::string& scrollback() const;
    [[nodiscard]] std::string everything() const { return scrollback() + screen(); }
    [[nodiscard]] Cursor cursor() const;
    /// Every byte that the program has written, as it came.
    [[nodiscard]] const std::string& raw() const { return raw_; }

private:
    class Screen;
    bool pump(std::chrono::steady_clock::time_point deadline, std::string_view& to_send);
    void take();

    std::unique_ptr<Screen> screen_;
    UniqueFd master_;
    pid_t pid_ = -1;
    bool reaped_ = false;
    std::string raw_;
};

}  // namespace tenon::testing
