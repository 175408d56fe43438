// Orders for jobs that exist: to continue in the background, to end; and the end of a host.
#include <algorithm>
#include <chrono>
#include <utility>

#include "host/jobs/queue.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// SIGTERM, 500 ms, SIGKILL rounds for 5 s, the status, some margin.
constexpr auto kEndsWithin = 7s;

}  // namespace

Result<JobRecord> Queue::to_background(const JobId& id) {
    JobRecord job;
    bool report_running = false;
    {
        const Lock lock(mutex_);
        const auto it = jobs_.find(id);
        if (it == jobs_.end()) return unknown(id);
        TrackedJob& tracked = it->second;
        if (is_terminal(tracked.job.status) || tracked.job.spec.kind == JobKind::kBackground)
            return tracked.job;
        if (!tracked.job.spec.subagent.empty())
            return Error{"the command of a subagent cannot continue as a background job"};
        report_running = set_background(tracked);
        job = tracked.job;
        // Where this fails a restart still takes a running foreground job for a background one.
        std::ignore = store_.rewrite(job);
        changed_.notify_all();
    }
    sync_.add(id);
    if (report_running) report_change(job);
    return job;
}

/// Returns whether on_change is to be called for its start.
bool Queue::set_background(TrackedJob& tracked) {
    const bool waits = admission_.remove(Admission::turn_of(tracked.job, tracked.number));
    tracked.job.spec.kind = JobKind::kBackground;
    if (tracked.job.status == Status::kRunning) {
        tracked.has_place = true;
        admission_.take_place();
        return !tracked.starting && !std::exchange(tracked.running_reported, true);
    }
    queued_.insert(tracked.job.id);
    if (waits) make_ready(tracked);
    return false;
}

Result<void> Queue::cancel(const JobId& id, std::string_view by) {
    {
        const Lock lock(mutex_);
        if (jobs_.find(id) == jobs_.end()) return unknown(id);
    }
    auto job = store_.cancel(id, by);
    if (!job) return job.error();
    if (is_terminal(job->status)) finish(std::move(*job));
    return {};
}

void Queue::leave() {
    const Lock lock(mutex_);
    admitting_ = false;
}

std::size_t Queue::cancel_session_jobs(std::string_view by, Problems* problems) {
    std::vector<JobId> running;
    std::vector<JobId> queued;
    {
        const Lock lock(mutex_);
        admitting_ = false;
        for (const auto& [id, tracked] : jobs_) {
            if (!is_unfinished_session_job(tracked)) continue;
            (tracked.job.status == Status::kRunning ? running : queued).push_back(id);
        }
    }
    const auto deadline = Clock::now() + kEndsWithin;
    // Running ones first: their trees end while the queued ones are recorded. It does not matter if
    // one has ended meanwhile.
    for (const JobId& id : running)
        std::ignore = cancel(id, by);
    const std::vector<JobId> cancelled = cancel_queued(queued, by, problems);
    running.insert(running.end(), cancelled.begin(), cancelled.end());
    return wait_for_ends(running, deadline) + (queued.size() - cancelled.size());
}

/// Also waits for the supervisors of these jobs, and for tasks that were just starting one. Returns
/// how many jobs have not ended.
std::size_t Queue::wait_for_ends(const std::vector<JobId>& ids, Clock::time_point deadline) const {
    Lock lock(mutex_);
    while (true) {
        const auto left =
            std::count_if(ids.begin(), ids.end(), [&](const JobId& id) TENON_REQUIRES(mutex_) {
                const auto it = jobs_.find(id);
                return it != jobs_.end() && !is_terminal(it->second.job.status);
            });
        const bool is_over =
            left == 0 && tasks_of_session_jobs_ == 0 && watcher_.lingering().of_session_jobs == 0;
        if (is_over || Clock::now() >= deadline) return static_cast<std::size_t>(left);
        changed_.wait_until(lock, deadline);
    }
}

/// Returns those that have ended; the others stay queued. Thousands, perhaps: one sync for all.
std::vector<JobId> Queue::cancel_queued(const std::vector<JobId>& ids, std::string_view by,
                                        Problems* problems) {
    JobEnd end;
    end.status = Status::kCancelled;
    end.ended_by = by;
    std::vector<JobId> ended;
    std::vector<JobRecord> cancelled;
    for (const JobId& id : ids) {
        auto job = store_.end_unstarted(id, end, {}, Sync::kNo);
        if (job && is_terminal(job->status)) {
            ended.push_back(id);
            cancelled.push_back(std::move(*job));
        } else if (problems != nullptr) {
            problems->push_back("cancel job " + id + ": " +
                                (job ? "another process has started it" : job.error().message));
        }
    }
    if (!cancelled.empty()) store_.sync_everything();
    for (JobRecord& job : cancelled)
        finish(std::move(job));
    return ended;
}

}  // namespace tenon::jobs
