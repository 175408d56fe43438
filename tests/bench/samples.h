#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace tenon::bench {

using Clock = std::chrono::steady_clock;

/// Repeated measurements of one value. median() and p99() need at least one.
class Samples {
public:
    void add(double value) { values_.push_back(value); }
    void add(Clock::duration duration) {
        add(std::chrono::duration<double, std::milli>(duration).count());
    }
    [[nodiscard]] bool empty() const { return values_.empty(); }
    [[nodiscard]] double median() const { return part_below(0.5); }
    [[nodiscard]] double p99() const { return part_below(0.99); }

private:
    [[nodiscard]] double part_below(double share) const {
        std::vector<double> sorted = values_;
        std::sort(sorted.begin(), sorted.end());
        const auto last = static_cast<double>(sorted.size() - 1);
        return sorted[static_cast<std::size_t>(share * last)];
    }
    std::vector<double> values_;
};

}  // namespace tenon::bench
