#include "host/plugins/service_threads.h"

#include <stdexcept>

#include "host/base/limits.h"

namespace tenon::plugins {

ServiceThreads::~ServiceThreads() {
    std::vector<std::thread> threads;
    {
        const Lock lock(mutex_);
        is_ending_ = true;
        threads.swap(threads_);
    }
    changed_.notify_all();
    for (std::thread& thread : threads)
        thread.join();
}

bool ServiceThreads::run(std::function<void()> task) {
    const Lock lock(mutex_);
    if (idle_ <= tasks_.size()) {
        try {
            threads_.push_back(start_thread(name_, [this] { work(); }));
        } catch (const std::runtime_error&) {
            return false;
        }
    }
    tasks_.push_back(std::move(task));
    changed_.notify_one();
    return true;
}

void ServiceThreads::work() {
    Lock lock(mutex_);
    for (;;) {
        ++idle_;
        while (tasks_.empty() && !is_ending_)
            changed_.wait(lock);
        --idle_;
        if (tasks_.empty()) return;
        const auto task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace tenon::plugins
