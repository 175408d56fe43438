// How jobs come into the queue and start.
#include "host/jobs/queue.h"

#include <algorithm>
#include <stdexcept>
#include <sys/eventfd.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include <Poco/Exception.h>
#include <Poco/TaskManager.h>
#include <Poco/ThreadPool.h>

#include "host/base/clock.h"
#include "host/jobs/job_task.h"

namespace tenon::jobs {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TENON_SANITIZED 1
#endif
#endif
#if defined(TENON_SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kStackBytes = 2 << 20;
#else
constexpr int kStackBytes = 256 << 10;
#endif
#undef TENON_SANITIZED
// Foreground jobs are not bounded by max_running, and a thread is back in the pool a moment after
// its task is done: the pool itself must never be what refuses.
constexpr int kMostThreads = 16'384;
constexpr int kIdleSeconds = 10;

}  // namespace

Queue::Queue(Store store, QueueOptions options)
    : store_(std::move(store)),
      options_(std::move(options)),
      budget_(store_, options_.total_output_limit),
      leave_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      task_context_(new TaskContext{
          store_, options_.shim, budget_, leave_.get(), [this](const JobId& id) { has_begun(id); },
          [this](JobRecord job) { finish(std::move(job)); },
          [this](const JobId& id, const std::string& why) { requeue(id, why); },
          [this](const JobRecord& job) { adopt_from_task(job); },
          [this](LingeringShim shim) { watcher_.add_lingering(std::move(shim)); },
          [this](const JobRecord& job) { task_returns(job); }}),
      admission_(options_.max_running),
      threads_(new Poco::ThreadPool("jobs", 1, kMostThreads, kIdleSeconds, kStackBytes)),
      task_manager_(new Poco::TaskManager(*threads_)),
      sync_(store_),
      watcher_(store_, watcher_client()) {
    if (!leave_)
        throw std::runtime_error("make the queue of jobs: this process has no descriptor left");
}

Queue::~Queue() {
    {
        Lock lock(mutex_);
        admitting_ = false;
        const std::uint64_t one = 1;
        std::ignore = ::write(leave_.get(), &one, sizeof one);
        // TaskManager::joinAll deadlocks with a task that starts another: only when none is left.
        while (tasks_ > 0)
            changed_.wait(lock);
    }
    task_manager_->joinAll();
    threads_->joinAll();
}

// ------------------------------------------------------------------ submitting

Result<JobRecord> Queue::submit(JobSpec spec) {
    spec.session = options_.session;
    if (auto problem = Store::problem_with(spec)) return *problem;
    PreparedJob prepared;
    {
        const Lock lock(mutex_);
        if (auto reason = why_not_now(spec)) return *reason;
        prepared = std::move(prepared_);
    }
    auto job = store_.create(std::move(spec), std::move(prepared));
    if (!job) return job;

    std::optional<JobId> failed;
    {
        const Lock lock(mutex_);
        TrackedJob& tracked = add(*job);
        failed = link_dependencies(tracked);
        if (job->spec.kind == JobKind::kBackground) queued_.insert(job->id);
        if (!failed && tracked.waits_for.empty()) make_ready(tracked);
    }
    // A foreground command is part of its turn, whose journal is not synced either.
    if (job->spec.kind == JobKind::kBackground) sync_.add(job->id);
    const std::vector<JobRecord> admitted = admit();
    {
        const Lock lock(mutex_);
        const auto it = jobs_.find(job->id);
        if (it != jobs_.end() && it->second.job.status != Status::kQueued) {
            job->status = Status::kRunning;  // it may even have ended, which is reported separately
            job->started_ms = it->second.job.started_ms;
        }
    }
    start(admitted);
    if (failed) {
        finish(cancel_dependent(job->id, *failed));
        return find(job->id);
    }
    // Somebody may have cancelled it before the watcher knew that it is queued here.
    if (job->status == Status::kQueued && store_.has_ended(job->id)) watcher_.look_at(job->id);
    return job;
}

std::optional<Error> Queue::why_not_now(const JobSpec& spec) const {
    if (!admitting_) return Error{"no job is started any more: the session is ending"};
    if (spec.kind == JobKind::kForeground) {
        if (!spec.after.empty()) return Error{"a foreground job cannot wait for others"};
        return std::nullopt;
    }
    for (const JobId& id : spec.after) {
        const auto it = jobs_.find(id);
        if (it == jobs_.end() || it->second.job.spec.kind != JobKind::kBackground) {
            return unknown(id).while_doing("after");
        }
    }
    if (queued_.size() >= options_.max_queued) {
        return Error{std::to_string(queued_.size()) +
                     " jobs are queued already, which is the limit (jobs.maxQueued)"};
    }
    return std::nullopt;
}

Queue::TrackedJob& Queue::add(JobRecord job) {
    const JobId id = job.id;
    TrackedJob& tracked = jobs_[id];
    tracked.job = std::move(job);
    tracked.number = next_number_++;
    return tracked;
}

/// The id in `after` that has ended without having completed, if there is one.
std::optional<JobId> Queue::link_dependencies(TrackedJob& tracked) {
    for (const JobId& id : tracked.job.spec.after) {
        const auto it = jobs_.find(id);
        if (it == jobs_.end()) return id;
        const Status status = it->second.job.status;
        if (status == Status::kCompleted) continue;
        if (is_terminal(status)) return id;
        if (tracked.waits_for.insert(id).second) dependents_.emplace(id, tracked.job.id);
    }
    return std::nullopt;
}

// ------------------------------------------------------------------ starting

void Queue::make_ready(const TrackedJob& tracked) {
    admission_.add(Admission::turn_of(tracked.job, tracked.number));
}

void Queue::set_running(TrackedJob& tracked, std::int64_t started_ms,
                        std::int64_t started_boot_ms) {
    tracked.job.status = Status::kRunning;
    tracked.job.started_ms = started_ms;
    tracked.job.started_boot_ms = started_boot_ms;
    tracked.has_place = tracked.job.spec.kind == JobKind::kBackground;
    queued_.erase(tracked.job.id);
}

/// The jobs that start now, in their order. No lock is held while resources are measured: with a
/// low limit of processes that reads all of /proc.
std::vector<JobRecord> Queue::admit() {
    std::size_t jobs = 0;
    std::uint64_t begun = 0;
    {
        const Lock lock(mutex_);
        if (!admitting_ || !admission_.may_admit(tasks_ == 0)) return {};
        jobs = tasks_ + adopted_;
        begun = admission_.begun();
    }
    jobs += watcher_.lingering().all;
    const Resources left = Resources::measure(jobs, begun);
    std::vector<JobRecord> admitted;
    bool waits = false;
    {
        const Lock lock(mutex_);
        while (admitting_) {
            const auto id = admission_.admit(left, tasks_ == 0);
            if (!id) break;
            TrackedJob& tracked = jobs_.at(*id);
            set_running(tracked, wall_clock_ms(), boot_clock_ms());
            tracked.starting = true;
            ++tasks_;
            if (tracked.job.spec.lifetime == Lifetime::kSession) ++tasks_of_session_jobs_;
            admitted.push_back(tracked.job);
        }
        waits = admission_.retry_at().has_value();
        if (!admitted.empty()) changed_.notify_all();
    }
    if (waits) watcher_.wake();
    return admitted;
}

void Queue::start(const std::vector<JobRecord>& admitted) {
    for (const JobRecord& job : admitted)
        start_task(job);
}

void Queue::start_task(const JobRecord& job) {
    try {
        // The manager owns it, also if this throws.
        task_manager_->start(new JobTask(*task_context_, job));
    } catch (const Poco::Exception& e) {
        requeue(job.id, "start a thread for the job: " + e.displayText());
        task_returns(job);
    }
}

void Queue::end_starting(TrackedJob& tracked) {
    if (std::exchange(tracked.starting, false)) admission_.has_begun();
}

void Queue::has_begun(const JobId& id) {
    std::optional<JobRecord> running;
    bool next_may_follow = false;
    {
        const Lock lock(mutex_);
        const auto it = jobs_.find(id);
        if (it == jobs_.end() || is_terminal(it->second.job.status)) return;
        TrackedJob& tracked = it->second;
        end_starting(tracked);
        ++progress_;
        if (tracked.job.spec.kind == JobKind::kBackground &&
            !std::exchange(tracked.running_reported, true))
            running = tracked.job;
        next_may_follow = admission_.confirm_enough();
    }
    const auto admitted = next_may_follow ? admit() : std::vector<JobRecord>();
    if (running) report_change(*running);
    start(admitted);
    prepare_next_job();
}

/// Called while a command starts: making the files of a job takes up to half a millisecond, which
/// the next submit would have to wait for.
void Queue::prepare_next_job() {
    {
        const Lock lock(mutex_);
        if (prepared_ || !admitting_) return;
    }
    auto prepared = store_.prepare();
    const Lock lock(mutex_);
    if (prepared && !prepared_) prepared_ = *std::move(prepared);
}

/// There were too few resources for it: it waits until another job has ended. With no other to wait
/// for, it cannot be started. The watcher's thread ends it, since this may be called deep in the
/// end of another job.
void Queue::requeue(const JobId& id, const std::string& why) {
    const bool some_end_soon = watcher_.lingering().of_session_jobs > 0;
    {
        const Lock lock(mutex_);
        const auto it = jobs_.find(id);
        if (it == jobs_.end()) return;  // cancelled meanwhile
        TrackedJob& tracked = it->second;
        end_starting(tracked);
        if (is_terminal(tracked.job.status) || tracked.ending) return;
        tracked.job.status = Status::kQueued;
        tracked.job.started_ms = 0;
        tracked.job.started_boot_ms = 0;
        if (std::exchange(tracked.has_place, false)) admission_.give_place_back();
        if (tracked.job.spec.kind == JobKind::kBackground) queued_.insert(id);
        admission_.found_too_few();
        if (tasks_ <= 1 && adopted_ == 0 && !some_end_soon) {
            cannot_start_.emplace_back(id, why);
        } else {
            make_ready(tracked);
        }
    }
    watcher_.wake();
}

/// The job runs, and its task cannot watch it.
void Queue::adopt_from_task(const JobRecord& job) {
    bool next_may_follow = false;
    {
        const Lock lock(mutex_);
        const auto it = jobs_.find(job.id);
        if (it == jobs_.end()) return;
        end_starting(it->second);
        watch_adopted(it->second);
        next_may_follow = admission_.confirm_enough();
    }
    if (next_may_follow) start_what_is_ready();
}

void Queue::task_returns(const JobRecord& job) {
    const Lock lock(mutex_);
    --tasks_;
    if (job.spec.lifetime == Lifetime::kSession) --tasks_of_session_jobs_;
    changed_.notify_all();
}

void Queue::report_change(const JobRecord& job) const {
    if (options_.on_change) options_.on_change(job);
}

}  // namespace tenon::jobs
