#include "host/model/watchdog.h"

#include <algorithm>
#include <pthread.h>
#include <sys/socket.h>

namespace tenon::model {
namespace {

constexpr std::chrono::hours kLongest{24 * 365};

}  // namespace

Watchdog::Watchdog(int fd, std::chrono::milliseconds patience)
    : patience_(std::min<std::chrono::milliseconds>(patience, kLongest)),
      until_(Clock::now() + patience_),
      thread_([this, fd](const std::stop_token& stop) { watch(stop, fd); }) {}

void Watchdog::progress() {
    const Lock lock(mutex_);
    until_ = Clock::now() + patience_;
}

bool Watchdog::has_expired() const {
    const Lock lock(mutex_);
    return expired_;
}

void Watchdog::watch(const std::stop_token& stop, int fd) {
    ::pthread_setname_np(::pthread_self(), "watchdog");
    const std::stop_callback wake(stop, [this] {
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    Lock lock(mutex_);
    while (!stop.stop_requested() && Clock::now() < until_)
        (void)changed_.wait_until(lock, until_);
    if (stop.stop_requested()) return;
    expired_ = true;
    ::shutdown(fd, SHUT_RDWR);
}

}  // namespace tenon::model
