#pragma once

#include <chrono>
#include <cstddef>

namespace tenon::plugin {

/// How much of one plugin goes into the log, so that a flood fills neither log nor memory: 64 KiB
/// in ten seconds. The rest is counted. For one thread.
class LogAllowance {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Whether a line of so many bytes may be logged. `now` does not go back.
    [[nodiscard]] bool admits(std::size_t bytes, Time now);
    /// Counts bytes that were cut off a line that was not admitted.
    void leave_out(std::size_t bytes) { left_out_ += bytes; }
    /// The bytes that were left out since the last call, once they can be reported; 0: none, or not
    /// yet.
    [[nodiscard]] std::size_t take_left_out(Time now);
    /// The same, whatever the time is.
    [[nodiscard]] std::size_t take_all_left_out();
    /// When `take_left_out` returns more than 0; Time::max(): nothing was left out.
    [[nodiscard]] Time next_report() const;

    static constexpr std::size_t kBytes = 64U << 10U;
    static constexpr std::chrono::seconds kPeriod{10};
    /// What a shorter line counts: the log adds the time and the name of the plugin to each.
    static constexpr std::size_t kLeastBytes = 64;

private:
    Time begin_{};  // of the current period
    std::size_t used_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace tenon::plugin
