#include "host/sitting/ticker.h"

#include "host/base/limits.h"

namespace tenon::sitting {

Ticker::Ticker(std::function<void()> tick)
    : tick_(std::move(tick)), thread_(start_thread("ticker", [this] { main(); })) {}

Ticker::~Ticker() {
    {
        const Lock lock(mutex_);
        over_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

void Ticker::set(bool on) {
    const Lock lock(mutex_);
    on_ = on;
    changed_.notify_all();
}

void Ticker::main() {
    Lock lock(mutex_);
    while (!over_) {
        if (!on_) {
            changed_.wait(lock);
            continue;
        }
        const auto next = std::chrono::steady_clock::now() + std::chrono::seconds(1);
        while (on_ && !over_ && changed_.wait_until(lock, next)) {
        }
        if (!on_ || over_) continue;
        lock.unlock();
        tick_();
        lock.lock();
    }
}

}  // namespace tenon::sitting
