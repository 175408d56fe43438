#pragma once

#include <functional>
#include <thread>

#include "host/base/mutex.h"

namespace tenon::sitting {

/// Calls `tick` once a second while it is on, on a thread of its own. While it is off the thread
/// sleeps without a timer.
class Ticker {
public:
    explicit Ticker(std::function<void()> tick);
    ~Ticker();
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;

    /// Any thread; does not block.
    void set(bool on);

private:
    void main();

    std::function<void()> tick_;
    Mutex mutex_;
    Condition changed_;
    bool on_ TENON_GUARDED_BY(mutex_) = false;
    bool over_ TENON_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace tenon::sitting
