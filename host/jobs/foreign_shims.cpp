#include "host/jobs/foreign_shims.h"

#include <algorithm>
#include <csignal>

#include "host/base/clock.h"
#include "host/jobs/job_task.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;

// What a shim may take beyond the timeout before it is taken for stopped, and between two signals
// to go on.
constexpr std::chrono::milliseconds kMargin{1000};
constexpr std::chrono::milliseconds kPauseBeforeReading{100};

std::optional<std::chrono::steady_clock::time_point> overdue_of(const JobRecord& job) {
    auto begun = std::chrono::steady_clock::now();
    if (job.started_boot_ms > 0)
        begun -= std::chrono::milliseconds(boot_clock_ms() - job.started_boot_ms);
    return deadline_of(begun + kMargin, job.spec.timeout);
}

}  // namespace

ForeignShims::ForeignShims(const Store& store, std::function<bool()> may_open)
    : store_(store), watch_(store, std::move(may_open)) {
    watch_.add_cancelled_jobs();
}

void ForeignShims::add(const JobRecord& job) {
    watch_.add(job.id);
    jobs_[job.id] = {job, overdue_of(job), 0};
    unread_.insert(job.id);
}

ForeignShims::News ForeignShims::wait(std::optional<Clock::time_point> deadline,
                                      std::span<const int> others) {
    News news;
    std::set<JobId> changed;
    if (unread_.empty() || must_read_again_) {
        if (must_read_again_)
            deadline = std::min(deadline.value_or(Clock::time_point::max()),
                                Clock::now() + kPauseBeforeReading);
        if (const auto overdue = next_overdue(); overdue && (!deadline || *overdue < *deadline))
            deadline = overdue;
        Watch::News seen = watch_.wait(deadline, others);
        wake_stopped_shims();
        changed = std::move(seen.jobs);
        news.all = seen.list;
        for (const auto& [id, job] : jobs_) {
            if (seen.list) changed.insert(id);
        }
    }
    changed.merge(std::exchange(unread_, {}));
    must_read_again_ = false;
    for (const JobId& id : changed) {
        if (jobs_.count(id) == 0) {
            news.others.insert(id);
        } else if (auto ended = end_of(id)) {
            news.ended.push_back(std::move(*ended));
        }
    }
    return news;
}

std::optional<JobRecord> ForeignShims::end_of(const JobId& id) {
    auto job = store_.load(id);
    Job& watched = jobs_.at(id);
    watched.failures = job || is_short_of_descriptors() ? 0 : watched.failures + 1;
    if (!job && watched.failures < kFailuresToBelieve) {
        unread_.insert(id);
        must_read_again_ = true;
        return std::nullopt;
    }
    if (job && !is_terminal(job->status)) return std::nullopt;
    JobRecord ended = job ? std::move(*job)
                          : ended_unrecorded(watched.record, Status::kLost, job.error().message);
    watch_.remove(id);
    jobs_.erase(id);
    return ended;
}

/// A command may have stopped its supervisor, which then misses the deadline.
void ForeignShims::wake_stopped_shims() {
    const auto now = Clock::now();
    for (auto& [id, job] : jobs_) {
        if (!job.overdue || now < *job.overdue) continue;
        job.overdue = now + kMargin;
        if (const auto started = store_.started(id))
            send_signal(open_process(started->shim), SIGCONT);
    }
}

std::optional<ForeignShims::Clock::time_point> ForeignShims::next_overdue() const {
    std::optional<Clock::time_point> next;
    for (const auto& [id, job] : jobs_) {
        if (job.overdue && (!next || *job.overdue < *next)) next = job.overdue;
    }
    return next;
}

}  // namespace tenon::jobs
