#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/secrets.h"
#include "host/plugin/log_allowance.h"

namespace tenon::plugin {

/// What a plugin prints, in whichever process it runs, as lines for the log: valid UTF-8, long
/// lines cut, empty ones dropped, a flood limited. What is left out is counted in bytes. For one
/// thread.
class PrintedLines {
public:
    using Time = LogAllowance::Time;
    static constexpr std::size_t kLongestLine = 2000;  ///< in bytes

    struct Line {
        std::string text;
        std::uint64_t left_out = 0;  ///< how many bytes of this line followed

        /// What is logged of the line. The values of `secrets` are replaced, also the beginning of
        /// one at the end of a line that is cut.
        [[nodiscard]] std::string without(const Secrets& secrets) const;
    };

    /// The lines that have become complete, and, when a new period has begun, how much was left out
    /// before it. `now` does not go back.
    std::vector<Line> take(std::string_view bytes, Time now);
    /// An unfinished line as if it had ended, and how much was left out.
    std::vector<Line> finish(Time now);
    /// What has come of a line that is not complete.
    [[nodiscard]] const std::string& unfinished() const { return line_; }
    /// When `take` would say how much was left out; Time::max(): nothing was.
    [[nodiscard]] Time next_remark() const { return allowance_.next_report(); }

private:
    void end_line(Time now, std::vector<Line>& lines);

    LogAllowance allowance_;
    std::string line_;             ///< not complete; at most kLongestLine
    std::uint64_t cut_bytes_ = 0;  ///< of this line
};

}  // namespace tenon::plugin
