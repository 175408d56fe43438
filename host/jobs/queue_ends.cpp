// What follows from the end of a job, and what the watcher's thread does for the queue.
#include <deque>
#include <utility>

#include "host/jobs/job_task.h"
#include "host/jobs/queue.h"

namespace tenon::jobs {
namespace {

// Of the ended foreground jobs the newest stay in memory; the store has them all.
constexpr std::size_t kForegroundRemembered = 256;

}  // namespace

void Queue::finish(JobRecord job) {
    // A list and not recursion: a chain of jobs may be as long as the queue.
    std::deque<JobRecord> ended;
    ended.push_back(std::move(job));
    while (!ended.empty()) {
        JobRecord next = std::move(ended.front());
        ended.pop_front();
        for (const JobId& dependent : finish_one(next))
            ended.push_back(cancel_dependent(dependent, next.id));
    }
}

/// Returns the jobs that must not follow any more.
std::vector<JobId> Queue::finish_one(JobRecord& job) {
    budget_.measure(job.id);
    if (!job.end.no_pid_namespace.empty() && options_.on_no_pid_namespace)
        options_.on_no_pid_namespace(job.end.no_pid_namespace);
    // on_change comes before anybody who waits for the end learns of it.
    bool reported = false;
    {
        const Lock lock(mutex_);
        const auto it = jobs_.find(job.id);
        if (it == jobs_.end() || std::exchange(it->second.ending, true)) return {};
        reported = it->second.job.spec.kind == Kind::kBackground;
    }
    if (reported) report_change(job);
    std::vector<JobId> dependents;
    {
        const Lock lock(mutex_);
        const auto it = jobs_.find(job.id);
        if (it == jobs_.end()) return {};
        job.spec.kind = it->second.job.spec.kind;  // job.json may be about to say so
        set_ended(it->second, job);
        dependents = release_dependents(job);
        if (job.spec.kind == Kind::kForeground) remember_foreground(job.id);
        changed_.notify_all();
    }
    const auto admitted = admit();
    // It may have become a background job this moment.
    if (!reported && job.spec.kind == Kind::kBackground) report_change(job);
    if (job.spec.kind == Kind::kBackground && options_.on_notification) options_.on_notification();
    start(admitted);
    return dependents;
}

void Queue::set_ended(TrackedJob& tracked, const JobRecord& job) {
    tracked.job = job;
    if (std::exchange(tracked.has_place, false)) admission_.give_place_back();
    if (std::exchange(tracked.adopted, false)) --adopted_;
    end_starting(tracked);
    queued_.erase(job.id);
    admission_.remove(Admission::turn_of(job, tracked.number));
    admission_.may_have_enough();
    ++progress_;
    // Under the lock, so that nobody sees the end before it is posted; it only queues.
    if (job.spec.kind == Kind::kBackground && !tracked.delivered)
        ended_.enqueueNotification(new JobEndedNotification(job));
}

std::vector<JobId> Queue::release_dependents(const JobRecord& ended) {
    std::vector<JobId> must_not_follow;
    const auto [first, last] = dependents_.equal_range(ended.id);
    for (auto it = first; it != last; ++it) {
        TrackedJob& tracked = jobs_.at(it->second);
        if (is_terminal(tracked.job.status)) continue;
        if (ended.status != Status::kCompleted) {
            must_not_follow.push_back(tracked.job.id);
        } else if (tracked.waits_for.erase(ended.id) != 0 && tracked.waits_for.empty()) {
            make_ready(tracked);
        }
    }
    dependents_.erase(first, last);
    return must_not_follow;
}

void Queue::remember_foreground(const JobId& id) {
    ended_foreground_.push_back(id);
    if (ended_foreground_.size() <= kForegroundRemembered) return;
    jobs_.erase(ended_foreground_.front());
    ended_foreground_.pop_front();
}

JobRecord Queue::cancel_dependent(const JobId& id, const JobId& because_of) {
    JobEnd end;
    end.status = Status::kCancelled;
    end.ended_by = "after";
    end.reason = "job " + because_of + ", which it was to follow, has not completed";
    auto ended = store_.end_unstarted(id, end);
    if (ended && is_terminal(ended->status)) return std::move(*ended);
    // What cannot be recorded is over all the same for this host.
    const Lock lock(mutex_);
    JobRecord job = jobs_.at(id).job;
    job.status = end.status;
    job.end = std::move(end);
    return job;
}

// ------------------------------------------------------------------ on the watcher's thread

WatcherClient Queue::watcher_client() {
    WatcherClient client;
    client.is_queued = [this](const JobId& id) {
        const Lock lock(mutex_);
        return queued_.count(id) > 0;
    };
    client.queued = [this] {
        const Lock lock(mutex_);
        return std::vector<JobId>(queued_.begin(), queued_.end());
    };
    client.on_ended = [this](JobRecord job) { finish(std::move(job)); };
    client.on_shim_ended = [this] {
        {
            const Lock lock(mutex_);
            admission_.may_have_enough();  // it held descriptors
            changed_.notify_all();
        }
        start_what_is_ready();
    };
    client.other_work = [this] { return work_on_watcher(); };
    return client;
}

/// When resources were short: gives up jobs that wait in vain, and tries again for the others.
std::optional<Admission::Clock::time_point> Queue::work_on_watcher() {
    end_what_cannot_start();
    {
        const Lock lock(mutex_);
        const auto retry = admission_.retry_at();
        if (!retry || Admission::Clock::now() < *retry) return retry;
        admission_.may_have_enough();
    }
    start_what_is_ready();
    const Lock lock(mutex_);
    return admission_.retry_at();
}

void Queue::end_what_cannot_start() {
    std::vector<std::pair<JobId, std::string>> jobs;
    {
        const Lock lock(mutex_);
        jobs = std::exchange(cannot_start_, {});
    }
    for (const auto& [id, why] : jobs) {
        JobEnd end;
        end.status = Status::kError;
        end.exit_code = 127;
        end.reason = why;
        auto ended = store_.end_unstarted(id, std::move(end), "tenon: " + why + "\n");
        if (ended && is_terminal(ended->status)) {
            finish(std::move(*ended));
            continue;
        }
        if (ended && ended->status == Status::kRunning) {
            runs_elsewhere(*ended);
            continue;
        }
        std::optional<JobRecord> job;
        {
            const Lock lock(mutex_);
            if (const auto it = jobs_.find(id); it != jobs_.end()) job = it->second.job;
        }
        if (job) finish(ended_unrecorded(*std::move(job), Status::kError, why));
    }
}

/// Another supervisor has the job that this host could not start.
void Queue::runs_elsewhere(const JobRecord& job) {
    std::optional<JobRecord> running;
    {
        const Lock lock(mutex_);
        const auto it = jobs_.find(job.id);
        if (it == jobs_.end() || it->second.job.status != Status::kQueued) return;
        TrackedJob& tracked = it->second;
        set_adopted(tracked, job);
        ++progress_;
        if (tracked.job.spec.kind == Kind::kBackground &&
            !std::exchange(tracked.running_reported, true))
            running = tracked.job;
        changed_.notify_all();
    }
    if (running) report_change(*running);
}

}  // namespace tenon::jobs
