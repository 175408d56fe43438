#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::plugin {

/// What a plugin prints, as lines for the log: valid UTF-8, long lines cut, a flood limited. What
/// is left out is counted in bytes. For one thread.
class PrintedLines {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kLongestLine = 2000;  ///< in bytes
    static constexpr std::size_t kMostLines = 100;     ///< in each kPeriod
    static constexpr std::chrono::seconds kPeriod{1};

    struct Line {
        std::string text;
        bool is_cut = false;  ///< more of this line followed
    };

    /// The lines that have become complete, and, when a new period has begun, how much was left out
    /// before it. `now` does not go back.
    std::vector<Line> take(std::string_view bytes, Time now);
    /// An unfinished line as if it had ended, and how much was left out.
    std::vector<Line> finish(Time now);
    /// What has come of a line that is not complete.
    [[nodiscard]] const std::string& unfinished() const { return line_; }
    /// When `take` would say how much was left out; Time::max(): nothing was.
    [[nodiscard]] Time next_remark() const;

private:
    void begin_period(Time now, std::vector<Line>& lines);
    void end_line(std::vector<Line>& lines);
    void add_remark(std::vector<Line>& lines);

    std::string line_;             ///< not complete; at most kLongestLine
    std::uint64_t cut_bytes_ = 0;  ///< of this line
    std::uint64_t left_out_ = 0;   ///< bytes of whole lines of this period
    std::size_t lines_in_period_ = 0;
    Time period_begin_ = Time::min();
};

}  // namespace tenon::plugin
