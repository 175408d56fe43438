#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

/// What a plugin's process may put into the log, so that a flood fills neither log nor memory.
namespace tenon::plugins {

/// Admits 64 KiB in ten seconds and counts the rest. For one thread.
class LogAllowance {
public:
    using Time = std::chrono::steady_clock::time_point;

    [[nodiscard]] bool admits(std::size_t bytes, Time now);
    /// Counts bytes that were left out with what was not admitted.
    void leave_out(std::size_t bytes) { left_out_ += bytes; }
    /// The bytes that were left out since the last call, once they can be reported; 0: none, or not
    /// yet.
    [[nodiscard]] std::size_t take_left_out(Time now);
    /// The same, whatever the time is.
    [[nodiscard]] std::size_t take_all_left_out();

    static constexpr std::size_t kBytes = 64U << 10U;
    static constexpr std::chrono::seconds kPeriod{10};

private:
    Time begin_{};  // of the current period
    std::size_t used_ = 0;
    std::size_t left_out_ = 0;
};

/// Cuts what a process prints into lines. A line is cut off after 1,000 bytes. For one thread.
class PrintedLines {
public:
    /// `log` receives each line, and now and then a sentence about what was left out.
    explicit PrintedLines(std::function<void(std::string_view)> log) : log_(std::move(log)) {}

    void take(std::string_view bytes, LogAllowance::Time now);
    /// The process has ended: logs what is left.
    void finish(LogAllowance::Time now);

    static constexpr std::size_t kLongestLine = 1000;

private:
    void end_line(LogAllowance::Time now);
    void report(std::size_t left_out) const;

    std::function<void(std::string_view)> log_;
    LogAllowance allowance_;
    std::string line_;
    std::size_t cut_ = 0;  // bytes of the line that were left out
};

}  // namespace tenon::plugins
