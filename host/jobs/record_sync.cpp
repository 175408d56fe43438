#include "host/jobs/record_sync.h"

#include <chrono>
#include <utility>

#include "host/base/limits.h"

namespace tenon::jobs {
namespace {

constexpr std::chrono::milliseconds kGathers{50};

}  // namespace

RecordSync::RecordSync(const Store& store)
    : store_(store), thread_(start_thread("jobs-sync", [this] { run(); })) {}

RecordSync::~RecordSync() {
    {
        const Lock lock(mutex_);
        closing_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void RecordSync::add(const JobId& id) {
    {
        const Lock lock(mutex_);
        unsynced_.push_back(id);
    }
    changed_.notify_one();
}

void RecordSync::run() {
    Lock lock(mutex_);
    while (true) {
        while (unsynced_.empty() && !closing_)
            changed_.wait(lock);
        if (unsynced_.empty()) return;
        const auto more_until = std::chrono::steady_clock::now() + kGathers;
        while (!closing_ && std::chrono::steady_clock::now() < more_until)
            changed_.wait_until(lock, more_until);
        const std::vector<JobId> batch = std::exchange(unsynced_, {});
        lock.unlock();
        store_.sync(batch);
        lock.lock();
    }
}

}  // namespace tenon::jobs
