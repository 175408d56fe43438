#pragma once

#include <array>
#include <chrono>
#include <csignal>

#include "host/base/fixed_text.h"

/// How the program ends when something in it does not stop, or when it cannot go on: at once, with
/// a message, without destructors and without handlers of atexit(). The functions are
/// async-signal-safe; any thread may call them.
namespace tenon {

/// The time that everything has to stop after the first request.
inline constexpr std::chrono::seconds kStopPatience{5};

/// A person or a signal asks the program, or what it does now, to stop. The first request only
/// starts the clock. A request that comes kStopPatience after the first one, or later, ends the
/// process with 128 + `signal`, and a message names what hangs. A request before that has no
/// effect.
void stop_requested(int signal) noexcept;

/// Whether the next stop_requested would end the process.
[[nodiscard]] bool stop_is_overdue() noexcept;

/// What was asked to stop has stopped: the next request is a first one again.
void stop_completed() noexcept;

/// `name` adds to a text what has not stopped ("the plugin x, tool y"), and returns false when it
/// does not know. It is async-signal-safe. Call it once, before other threads start.
void set_hang_namer(bool (*name)(FixedText& text)) noexcept;

/// `restore` gives the terminal back the modes that it had before. It is async-signal-safe, and
/// does nothing when the modes are not changed. The function that was set last counts.
void set_terminal_restorer(void (*restore)()) noexcept;

/// Restores the terminal. Async-signal-safe.
void restore_terminal() noexcept;

/// Restores the terminal, writes `message` to the program's standard error, and ends the process.
[[noreturn]] void end_at_once(int exit_code, const FixedText& message) noexcept;

/// While it lives, SIGINT, SIGTERM and SIGHUP are requests to stop that nobody has to read: their
/// handler calls stop_requested, also while the thread is blocked. For a wait of the main thread
/// that may never end, when these signals are blocked or handled in another way before. Ignored
/// signals stay ignored. The destructor sets all back and raises once more a signal that has come.
/// One object at a time, on the thread that owns the signals.
class StopRequestsBySignal {
public:
    StopRequestsBySignal();
    ~StopRequestsBySignal();
    StopRequestsBySignal(const StopRequestsBySignal&) = delete;
    StopRequestsBySignal& operator=(const StopRequestsBySignal&) = delete;

private:
    static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

    std::array<struct sigaction, kSignals.size()> before_{};
    sigset_t mask_before_{};
};

}  // namespace tenon
