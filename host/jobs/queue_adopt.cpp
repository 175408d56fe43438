// What a queue takes over from earlier hosts of its session.
#include <tuple>
#include <utility>

#include "host/jobs/queue.h"

namespace tenon::jobs {

Problems Queue::adopt(const std::function<bool(const JobRecord&)>& is_delivered) {
    Problems problems;
    for (JobRecord& job : store_.list(&problems)) {
        const bool ours = job.spec.session == options_.session;
        if (ours && (is_terminal(job.status) || !is_elsewhere(job)))
            adopt_one(std::move(job), is_delivered);
    }
    start_what_is_ready();
    {
        const Lock lock(mutex_);
        changed_.notify_all();
    }
    watcher_.look_at_all_queued();
    watcher_.end_leftover_processes();
    return problems;
}

void Queue::adopt_one(JobRecord job, const std::function<bool(const JobRecord&)>& is_delivered) {
    const bool delivered = is_delivered(job);
    if (job.status == Status::kRunning) return adopt_running(std::move(job), delivered);
    if (job.status == Status::kQueued) {
        if (!delivered) return adopt_queued(std::move(job));
        // Its end could not be recorded, and was delivered all the same: it must not run now.
        return write_off(job, "its end was delivered before it could be recorded");
    }
    const bool post = job.spec.kind == JobKind::kBackground && !delivered;
    if (post) report_change(job);
    const Lock lock(mutex_);
    if (post) ended_.enqueueNotification(new JobEndedNotification(job));
    add(std::move(job));
}

void Queue::adopt_running(JobRecord job, bool is_delivered) {
    const bool of_nobody = !job.spec.subagent.empty();  // the subagent died with its host
    if (!of_nobody) {
        const bool was_foreground =
            std::exchange(job.spec.kind, JobKind::kBackground) == JobKind::kForeground;
        // Where this fails the next restart comes to the same conclusion.
        if (was_foreground) std::ignore = store_.rewrite(job);
    }
    budget_.measure(job.id);
    {
        const Lock lock(mutex_);
        TrackedJob& tracked = add(job);
        tracked.running_reported = true;
        tracked.delivered = is_delivered;
        set_adopted(tracked, job);
    }
    // Where this fails, the supervisor ends the job at its time limit.
    if (of_nobody) std::ignore = cancel(job.id, "restart");
}

void Queue::adopt_queued(JobRecord job) {
    if (job.spec.kind == JobKind::kForeground)
        return write_off(job, "the host ended before it was started");
    std::optional<JobId> failed;
    {
        const Lock lock(mutex_);
        TrackedJob& tracked = add(job);
        queued_.insert(job.id);
        failed = link_dependencies(tracked);
        if (!failed && tracked.waits_for.empty()) make_ready(tracked);
    }
    if (failed) finish(cancel_dependent(job.id, *failed));
}

/// It is queued and must not run. Where that cannot be recorded, the next host finds the same.
void Queue::write_off(const JobRecord& job, const std::string& why) {
    JobEnd end;
    end.status = Status::kCancelled;
    end.ended_by = "restart";
    end.reason = why;
    auto ended = store_.end_unstarted(job.id, end);
    JobRecord record = ended ? std::move(*ended) : job;
    if (!ended) {
        record.status = end.status;
        record.end = std::move(end);
    }
    const Lock lock(mutex_);
    TrackedJob& tracked = add(std::move(record));
    tracked.delivered = true;
    if (!is_terminal(tracked.job.status)) watch_adopted(tracked);
}

/// `running` says since when it runs.
void Queue::set_adopted(TrackedJob& tracked, const JobRecord& running) {
    set_running(tracked, running.started_ms, running.started_boot_ms);
    if (tracked.has_place) admission_.take_place();
    watch_adopted(tracked);
}

/// The job runs without a task of this queue.
void Queue::watch_adopted(TrackedJob& tracked) {
    if (is_terminal(tracked.job.status)) return;
    if (!std::exchange(tracked.adopted, true)) ++adopted_;
    watcher_.add_running(tracked.job);
}

}  // namespace tenon::jobs
