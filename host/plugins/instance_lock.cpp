#include "host/plugins/instance_lock.h"

namespace tenon::plugins {

bool InstanceLock::is_free_for(Use use) const {
    return !exclusive_ && (use == Use::kShared || shared_ == 0);
}

InstanceLock::Outcome InstanceLock::lock(Use use, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto place = queue_.insert(queue_.end(), use);
    Outcome outcome = Outcome::kStopped;
    const bool decided = changed_.wait(lock, stop, [&] {
        if (is_free_for(use)) {
            outcome = Outcome::kLocked;
            return place == queue_.begin() || (use == Use::kShared && in_turns_ > 0);
        }
        outcome = Outcome::kBusy;
        return in_subagents_ > 0;
    });
    if (!decided) outcome = Outcome::kStopped;
    queue_.erase(place);
    if (outcome == Outcome::kLocked) {
        shared_ += use == Use::kShared ? 1 : 0;
        exclusive_ = use == Use::kExclusive;
    }
    changed_.notify_all();  // the next in the queue may share the instance
    return outcome;
}

void InstanceLock::unlock(Use use) {
    const std::lock_guard lock(mutex_);
    if (use == Use::kExclusive) {
        exclusive_ = false;
    } else {
        --shared_;
    }
    changed_.notify_all();
}

void InstanceLock::count(int& waits, bool begins) {
    const std::lock_guard lock(mutex_);
    waits += begins ? 1 : -1;
    changed_.notify_all();
}

void InstanceLock::wait_for_subagent(bool begins) {
    count(in_subagents_, begins);
}

void InstanceLock::wait_for_turn(bool begins) {
    count(in_turns_, begins);
}

}  // namespace tenon::plugins
