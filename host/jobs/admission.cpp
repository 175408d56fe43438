#include "host/jobs/admission.h"

#include <utility>

#include "host/base/limits.h"

namespace tenon::jobs {
namespace {

// Of this process: the pidfd and the pipe of a running job; what is left for the model's
// connection, tools, plugins and the reading of records while jobs run; and what the rest surely
// does not need.
constexpr std::size_t kDescriptorsOfAJob = 2;
constexpr std::size_t kDescriptorsToSpare = 20;
constexpr std::size_t kDescriptorsOfTheRest = 256;
// A thread of ours, its supervisor, bash, and what bash starts.
constexpr std::size_t kProcessesOfAJob = 5;
constexpr std::size_t kKeptForForeground = 2;  // of jobs
constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

Resources Resources::measure(std::size_t jobs, std::uint64_t begun_before) {
    Resources left;
    left.begun_before = begun_before;
    // Counting takes time: not while there must be enough.
    if (jobs * kDescriptorsOfAJob + kDescriptorsOfTheRest >= descriptor_limit())
        left.descriptors = descriptors_left();
    left.processes = processes_left();
    return left;
}

Admission::Turn Admission::turn_of(const JobRecord& job, std::uint64_t number) {
    if (job.spec.kind == JobKind::kForeground) return {false, 0, number, job.id};
    // Not the negative: the lowest priority has none.
    return {true, ~job.spec.priority, number, job.id};
}

const Admission::Turn* Admission::next() const {
    if (ready_.empty()) return nullptr;
    const Turn& first = *ready_.begin();
    return first.in_background && running_ >= max_running_ ? nullptr : &first;
}

bool Admission::may_admit(bool is_alone) {
    if (one_by_one_ && starting_ > 0) return false;
    if (next() == nullptr) {
        one_by_one_ = false;
        return false;
    }
    return is_alone || !too_few_until_;
}

std::optional<JobId> Admission::admit(const Resources& left, bool is_alone) {
    if (!may_admit(is_alone)) return std::nullopt;
    if (!is_alone && !has_enough(*next(), left)) {
        wait_for_resources();
        return std::nullopt;
    }
    Turn turn = std::move(ready_.extract(ready_.begin()).value());
    if (turn.in_background) take_place();
    ++starting_;
    return std::move(turn.id);
}

bool Admission::has_enough(const Turn& turn, const Resources& left) const {
    // What has begun since the measuring may not have been counted in it.
    const std::size_t starting = starting_ + static_cast<std::size_t>(begun_ - left.begun_before);
    // The last places are for foreground jobs: a background job may keep its place for hours.
    const std::size_t jobs = starting + 1 + (turn.in_background ? kKeptForForeground : 0);
    if (left.descriptors && *left.descriptors < jobs * kDescriptorsOfAJob + kDescriptorsToSpare)
        return false;
    return !left.processes || *left.processes >= jobs * kProcessesOfAJob;
}

void Admission::has_begun() {
    --starting_;
    ++begun_;
}

void Admission::found_too_few() {
    one_by_one_ = true;
    wait_for_resources();
}

/// However often too little is found meanwhile, the moment of the next attempt stays.
void Admission::wait_for_resources() {
    if (!too_few_until_) too_few_until_ = Clock::now() + kRetryAfter;
}

bool Admission::confirm_enough() {
    if (one_by_one_) too_few_until_.reset();
    return one_by_one_;
}

std::optional<Admission::Clock::time_point> Admission::retry_at() const {
    return next() != nullptr ? too_few_until_ : std::nullopt;
}

}  // namespace tenon::jobs
