#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

#include "host/base/unique_fd.h"

namespace tenon {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request. Create it before any other thread starts:
/// it blocks these signals in the calling thread, and so in every later thread. Signals that are
/// ignored (nohup) stay ignored. A further signal changes nothing, unless it comes kStopPatience
/// after the first one: then something hangs, and the process ends at once (see forced_end.h).
/// SIGPIPE is ignored from then on.
class Signals {
public:
    /// `before_forced_end` is called with the signal before it ends the process, on the thread of
    /// this object. It must return soon whatever the other threads do.
    explicit Signals(std::function<void(int signal)> before_forced_end = {});
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }
    /// The first signal that came, or 0.
    [[nodiscard]] int received() const { return received_; }

private:
    void watch();
    void receive(int signal);

    std::function<void(int)> before_forced_end_;
    std::stop_source stop_;
    std::atomic<int> received_{0};
    UniqueFd signals_, quit_;
    std::thread thread_;
};

/// For commands that only read and wait: from now on SIGINT, SIGTERM and SIGHUP end the program at
/// once with 128 + their number, after `last_text` (a literal) was written to `fd`. A change of the
/// window's size interrupts a blocking call.
void exit_on_signals(int fd = -1, const char* last_text = "");

}  // namespace tenon
