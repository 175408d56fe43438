#include "host/base/mutex.h"

namespace tenon {

Condition::Condition() = default;
Condition::~Condition() = default;

void Condition::wait(Lock& lock) {
    inner_.wait(lock);
}

bool Condition::wait_until(Lock& lock, std::chrono::steady_clock::time_point when) {
    return inner_.wait_until(lock, when) == std::cv_status::no_timeout;
}

}  // namespace tenon
