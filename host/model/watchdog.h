#pragma once

#include <chrono>
#include <thread>

#include "host/base/mutex.h"

namespace tenon::model {

/// Shuts a socket down after `patience` without progress, so that blocked calls on it return. A
/// timeout of single reads would not end a peer that sends bytes for ever. Has a thread of its own.
/// Does not own the descriptor, and must be destroyed before it is closed. Thread-safe.
class Watchdog {
public:
    Watchdog(int fd, std::chrono::milliseconds patience);

    /// Restarts the time.
    void progress();
    /// Whether it has shut the socket down.
    [[nodiscard]] bool has_expired() const;
    [[nodiscard]] std::chrono::milliseconds patience() const { return patience_; }

private:
    using Clock = std::chrono::steady_clock;
    void watch(const std::stop_token& stop, int fd);

    const std::chrono::milliseconds patience_;
    mutable Mutex mutex_;
    Condition changed_;
    Clock::time_point until_ TENON_GUARDED_BY(mutex_);
    bool expired_ TENON_GUARDED_BY(mutex_) = false;
    std::jthread thread_;  // last: it uses all the others
};

}  // namespace tenon::model
