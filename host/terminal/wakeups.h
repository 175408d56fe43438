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

/// What can interrupt the wait for a key: work that other threads post, and signals. While it lives
/// SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT and SIGWINCH come here and nowhere else: they are
/// blocked in the thread that made it, and so in those it starts later, but for the time of `wait`;
/// those that are ignored stay so. SIGPIPE is ignored. One at a time.
class Wakeups {
public:
    /// Beside SIGWINCH and SIGCONT these are counted once.
    struct Signals {
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

    /// Any thread.
    void post(std::function<void()> work);

    /// Until `fd` (-1: none) can be read, work was posted, a signal came or the time is over.
    Readiness wait(int fd, std::chrono::milliseconds patience = kForever);
    /// What has come since the last call.
    Signals take_signals();
    /// Runs what was posted, in order, for at most about `budget`; the rest waits for the next
    /// call. True when there was something.
    bool run_posted(std::chrono::milliseconds budget);
    /// Whether posted work is left.
    [[nodiscard]] bool has_work();
    /// Stops the process group as Ctrl-Z would, and returns when it goes on.
    static void stop_here();

private:
    static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};

    UniqueFd posted_event_, signal_read_, signal_write_;
    std::array<std::optional<struct sigaction>, kSignals.size()> before_;
    sigset_t mask_before_{};
    sigset_t mask_in_wait_{};
    Mutex mutex_;
    std::deque<std::function<void()>> posted_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::terminal
