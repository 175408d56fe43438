#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <sys/types.h>
#include <vector>

namespace tenon::faults {

/// Expires when processes have made no progress for an allowed time. Time in which they wait for a
/// processor or for the disk does not count, so a busy machine or a sanitizer makes nothing look
/// hung; the processor time that they use does.
class ProgressTimeout {
public:
    explicit ProgressTimeout(std::chrono::milliseconds allowed);
    /// Measures these processes, and this one, whose threads serve them. Call it often.
    void sample(const std::vector<pid_t>& processes);
    /// There was progress: the whole time is allowed again.
    void restart();
    [[nodiscard]] bool has_expired() const { return used_ > allowed_; }

private:
    using Clock = std::chrono::steady_clock;
    std::chrono::milliseconds allowed_;
    std::chrono::milliseconds used_{};
    Clock::time_point last_ = Clock::now();
    std::map<pid_t, std::int64_t> processor_;  // time used so far, in clock ticks
};

}  // namespace tenon::faults
