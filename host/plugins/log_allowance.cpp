#include "host/plugins/log_allowance.h"

#include <utility>

namespace tenon::plugins {

bool LogAllowance::admits(std::size_t bytes, Time now) {
    if (now - begin_ >= kPeriod) {
        begin_ = now;
        used_ = 0;
    }
    if (used_ + bytes > kBytes) {
        used_ = kBytes;  // a shorter line that comes later is left out too
        left_out_ += bytes;
        return false;
    }
    used_ += bytes;
    return true;
}

std::size_t LogAllowance::take_left_out(Time now) {
    return now - begin_ >= kPeriod ? take_all_left_out() : 0;
}

std::size_t LogAllowance::take_all_left_out() {
    return std::exchange(left_out_, 0);
}

void PrintedLines::take(std::string_view bytes, LogAllowance::Time now) {
    report(allowance_.take_left_out(now));
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        const std::string_view fits = part.substr(0, kLongestLine - line_.size());
        line_.append(fits);
        cut_ += part.size() - fits.size();
        if (end == std::string_view::npos) return;
        end_line(now);
        bytes.remove_prefix(end + 1);
    }
}

void PrintedLines::end_line(LogAllowance::Time now) {
    const std::size_t cut = std::exchange(cut_, 0);
    std::string line = std::exchange(line_, {});
    if (line.empty()) return;
    if (cut > 0) line += "… (" + std::to_string(cut) + " more bytes)";
    if (allowance_.admits(line.size(), now)) {
        log_("printed: " + line);
    } else {
        allowance_.leave_out(cut);
    }
}

void PrintedLines::finish(LogAllowance::Time now) {
    end_line(now);
    report(allowance_.take_all_left_out());
}

void PrintedLines::report(std::size_t left_out) const {
    if (left_out > 0) log_("printed " + std::to_string(left_out) + " more bytes, left out here");
}

}  // namespace tenon::plugins
