#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <deque>
#include <functional>
#include <optional>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"

namespace tenon::terminal {

/// Waits for input, for work that other threads post, and for signals. While the object lives, it
/// alone receives SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT and SIGWINCH: they are blocked in the
/// thread that created it, and in threads started later, except during `wait`. Those that were
/// ignored stay ignored. SIGPIPE becomes ignored. One object at a time; one thread, except for
/// `post`.
class Wakeups {
public:
    struct ReceivedSignals {
        bool interrupt = false;
        bool terminate = false;
        bool hangup = false;
        bool stop = false;
        bool resumed = false;
        bool resized = false;
    };
    struct Readiness {
        bool readable = false;
        bool gone = false;  ///< hung up, and nothing is left to read
    };
    static constexpr std::chrono::milliseconds kForever{-1};

    Wakeups();
    ~Wakeups();
    Wakeups(const Wakeups&) = delete;
    Wakeups& operator=(const Wakeups&) = delete;
    [[nodiscard]] bool ok() const { return posted_event_ && signal_read_ && signal_write_; }

    /// Any thread; does not block.
    void post(std::function<void()> work);

    /// Blocks until `fd` (-1: none) can be read, work was posted, a signal came or time is up.
    Readiness wait(int fd, std::chrono::milliseconds timeout = kForever);
    /// The signals since the last call.
    ReceivedSignals take_signals();
    /// Runs posted work in order, and begins no more once `budget` is used up. Returns whether
    /// there was any.
    bool run_posted(std::chrono::milliseconds budget);
    [[nodiscard]] bool has_work();
    /// Stops the process group as Ctrl-Z does, and returns when it continues.
    static void stop_process_group() { stop(0); }
    /// The same for this process alone.
    static void stop_this_process();

private:
    static void stop(pid_t whom);

    static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};

    UniqueFd posted_event_, signal_read_, signal_write_;
    std::array<std::optional<struct sigaction>, kSignals.size()> before_;
    sigset_t mask_before_{};
    sigset_t mask_in_wait_{};
    Mutex mutex_;
    std::deque<std::function<void()>> posted_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::terminal
