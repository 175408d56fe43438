#pragma once

#include <chrono>
#include <thread>

#include "host/base/mutex.h"

namespace tenon::model {

/// Shuts a socket down when there was no progress for `patience`, so that whoever blocks on it
/// returns: a timeout of single reads does not end what sends bytes for ever. Has a thread of its
/// own while it lives. Must be destroyed before the descriptor is closed.
class Watchdog {
public:
    Watchdog(int fd, std::chrono::milliseconds patience);

    /// The time begins anew.
    void progress();
    [[nodiscard]] bool has_bitten() const;
    [[nodiscard]] std::chrono::milliseconds patience() const { return patience_; }

private:
    using Clock = std::chrono::steady_clock;
    void watch(const std::stop_token& stop, int fd);

    const std::chrono::milliseconds patience_;
    mutable Mutex mutex_;
    Condition changed_;
    Clock::time_point until_ TENON_GUARDED_BY(mutex_);
    bool bitten_ TENON_GUARDED_BY(mutex_) = false;
    std::jthread thread_;  // last: it uses all the others
};

}  // namespace tenon::model
