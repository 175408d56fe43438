#include "host/jobs/output_budget.h"

#include <algorithm>

namespace tenon::jobs {
namespace {

constexpr std::uint64_t kLeast = 1ULL << 20U;
constexpr std::chrono::seconds kLookAgain{30};

}  // namespace

std::uint64_t output_cap(std::uint64_t limit, std::uint64_t total, std::uint64_t held) {
    const std::uint64_t left = total > held ? total - held : 0;
    return std::max(std::min(limit, kLeast), std::min(limit, left));
}

OutputBudget::OutputBudget(const Store& store, std::uint64_t total)
    : store_(store), total_(total) {}

std::uint64_t OutputBudget::reserve(const JobId& id, std::uint64_t limit) {
    const auto now = std::chrono::steady_clock::now();
    const Lock lock(mutex_);
    if (!looked_ || now - *looked_ > kLookAgain) {
        others_sum_ = store_.held_bytes([&](const JobId& other) TENON_REQUIRES(mutex_) {
            return other == id || own_.count(other) != 0;
        });
        looked_ = now;
    }
    const std::uint64_t cap = output_cap(limit, total_, own_sum_ + others_sum_);
    set(id, cap);
    return cap;
}

void OutputBudget::measure(const JobId& id) {
    const std::uint64_t bytes = store_.held_bytes(id);
    const Lock lock(mutex_);
    set(id, bytes);
}

void OutputBudget::set(const JobId& id, std::uint64_t bytes) {
    std::uint64_t& held = own_[id];
    own_sum_ = own_sum_ - held + bytes;
    held = bytes;
}

}  // namespace tenon::jobs
