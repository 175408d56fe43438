#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "host/base/mutex.h"

namespace tenon::plugins {

/// The threads that answer the requests of one plugin's process. They are started as they are
/// needed and stay until the end. Thread-safe.
class ServiceThreads {
public:
    explicit ServiceThreads(std::string name) : name_(std::move(name)) {}
    /// Runs what is left, and blocks until it has ended.
    ~ServiceThreads();
    ServiceThreads(const ServiceThreads&) = delete;
    ServiceThreads& operator=(const ServiceThreads&) = delete;

    /// Runs `task` on one of the threads. False when there is none and the system has no more; then
    /// it is not run.
    [[nodiscard]] bool run(std::function<void()> task);

private:
    void work();

    const std::string name_;
    Mutex mutex_;
    Condition changed_;
    std::deque<std::function<void()>> tasks_ TENON_GUARDED_BY(mutex_);
    std::size_t idle_ TENON_GUARDED_BY(mutex_) = 0;
    bool is_ending_ TENON_GUARDED_BY(mutex_) = false;
    std::vector<std::thread> threads_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::plugins
