#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <sys/types.h>
#include <vector>

namespace tenon::faults {

/// How long processes have done nothing although they could: the time in which all of them slept,
/// and the processor time that they used. One that waits for a processor or for the disk uses up
/// nothing, so neither a busy machine nor a sanitizer makes anything look hung.
class Patience {
public:
    explicit Patience(std::chrono::milliseconds allowed);
    /// Looks at these processes and at this one, whose threads serve them; call it often.
    void look(const std::vector<pid_t>& processes);
    /// They have given a sign: everything is allowed again.
    void renew();
    [[nodiscard]] bool is_over() const { return used_ > allowed_; }

private:
    using Clock = std::chrono::steady_clock;
    std::chrono::milliseconds allowed_;
    std::chrono::milliseconds used_{};
    Clock::time_point last_ = Clock::now();
    std::map<pid_t, std::int64_t> processor_;  // time used so far, in clock ticks
};

}  // namespace tenon::faults
