#include "host/plugin/log_allowance.h"

#include <algorithm>
#include <utility>

namespace tenon::plugin {

bool LogAllowance::admits(std::size_t bytes, Time now) {
    if (now - begin_ >= kPeriod) {
        begin_ = now;
        used_ = 0;
    }
    const std::size_t counted = std::max(bytes, kLeastBytes);
    if (used_ + counted > kBytes) {
        used_ = kBytes;  // a shorter line that comes later is left out too
        left_out_ += bytes;
        return false;
    }
    used_ += counted;
    return true;
}

std::size_t LogAllowance::take_left_out(Time now) {
    return now - begin_ >= kPeriod ? take_all_left_out() : 0;
}

std::size_t LogAllowance::take_all_left_out() {
    return std::exchange(left_out_, 0);
}

LogAllowance::Time LogAllowance::next_report() const {
    return left_out_ > 0 ? begin_ + kPeriod : Time::max();
}

}  // namespace tenon::plugin
