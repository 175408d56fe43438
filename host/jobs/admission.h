#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

#include "host/jobs/job.h"

namespace tenon::jobs {

/// What this process may still open and start, as measured at one moment. Measuring may read much
/// of /proc: do it without a lock.
struct Resources {
    std::optional<std::size_t> descriptors;  ///< none: plenty
    std::optional<std::size_t> processes;    ///< none: plenty, or not limited
    std::uint64_t begun_before = 0;          ///< Admission::begun() when measuring began

    /// `jobs`: how many jobs hold descriptors of this process.
    static Resources measure(std::size_t jobs, std::uint64_t begun_before);
};

/// Decides which job of a queue starts next, and whether there are a place, descriptors and
/// processes for it. Starts nothing and measures nothing. Not thread-safe: the queue's mutex guards
/// it.
///
/// Whether there are enough descriptors and processes is never known for certain: a job that finds
/// none after all comes back by `found_too_few`.
class Admission {
public:
    using Clock = std::chrono::steady_clock;

    /// `max_running` is the number of places. Only background jobs take one.
    explicit Admission(std::size_t max_running) : max_running_(max_running) {}

    /// A job in the order of starting: foreground jobs first, then the higher priority, then the
    /// lower number.
    struct Turn {
        bool in_background = true;
        std::int64_t rank = 0;  // lower first
        std::uint64_t number = 0;
        JobId id;
        auto operator<=>(const Turn&) const = default;
    };
    static Turn turn_of(const JobRecord& job, std::uint64_t number);

    /// The job may start from now on.
    void add(Turn turn) { ready_.insert(std::move(turn)); }
    /// The job must not start. False: it was not waiting here.
    bool remove(const Turn& turn) { return ready_.erase(turn) > 0; }

    /// Whether a job can start if there are the resources; only then is it worth measuring them.
    /// `is_alone`: nothing runs that could be waited for, so a job is tried in any case.
    [[nodiscard]] bool may_admit(bool is_alone);
    /// The job that starts now; it takes a place if it needs one. None: no job is ready, or there
    /// is no place, or there are too few resources (then `retry_at` says when to try again).
    std::optional<JobId> admit(const Resources& left, bool is_alone);

    /// The start of an admitted job is over: its supervisor runs, or it was given up.
    void has_begun();
    /// How many starts are over.
    [[nodiscard]] std::uint64_t begun() const { return begun_; }

    void take_place() { ++running_; }
    void give_place_back() { --running_; }

    /// There were too few resources for an admitted job. From now on jobs start one after the
    /// other, until none waits.
    void found_too_few();
    /// Something has ended, so there may be enough resources again.
    void may_have_enough() { too_few_until_.reset(); }
    /// A job has begun. True: there are enough resources again, and the next job may follow.
    bool confirm_enough();
    /// When to try again; none: nothing waits for resources.
    [[nodiscard]] std::optional<Clock::time_point> retry_at() const;

private:
    [[nodiscard]] const Turn* next() const;
    [[nodiscard]] bool has_enough(const Turn& turn, const Resources& left) const;
    void wait_for_resources();

    const std::size_t max_running_;
    std::set<Turn> ready_;
    std::size_t running_ = 0;   // places taken
    std::size_t starting_ = 0;  // admitted jobs whose start is not over
    std::uint64_t begun_ = 0;
    /// There was too little when last tried: until a job ends or this moment comes, none starts.
    std::optional<Clock::time_point> too_few_until_;
    bool one_by_one_ = false;
};

}  // namespace tenon::jobs
