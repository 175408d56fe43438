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
      surroundings_(new TaskSurroundings{
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
    {
        const Lock lock(mutex_);
        if (auto reason = why_not_now(spec)) return *reason;
    }
    auto job = store_.create(std::move(spec));
    if (!job) return job;

    std::optional<JobId> failed;
    {
        const Lock lock(mutex_);
        Entry& entry = add(*job);
        failed = link_dependencies(entry);
        if (job->spec.kind == Kind::kBackground) queued_.insert(job->id);
        if (!failed && entry.waits_for.empty()) make_ready(entry);
    }
    // A foreground command is part of its turn, whose journal is not synced either.
    if (job->spec.kind == Kind::kBackground) sync_.add(job->id);
    const std::vector<JobRecord> admitted = admit();
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(job->id);
        if (it != entries_.end() && it->second.job.status != Status::kQueued) {
            job->status = Status::kRunning;  // be it ended already: that is reported by itself
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
    if (spec.kind == Kind::kForeground) {
        if (!spec.after.empty()) return Error{"a foreground job cannot wait for others"};
        return std::nullopt;
    }
    for (const JobId& id : spec.after) {
        const auto it = entries_.find(id);
        if (it == entries_.end() || it->second.job.spec.kind != Kind::kBackground) {
            return unknown(id).while_doing("after");
        }
    }
    if (queued_.size() >= options_.max_queued) {
        return Error{std::to_string(queued_.size()) +
                     " jobs are queued already, which is the limit (jobs.maxQueued)"};
    }
    return std::nullopt;
}

Queue::Entry& Queue::add(JobRecord job) {
    const JobId id = job.id;
    Entry& entry = entries_[id];
    entry.job = std::move(job);
    entry.number = next_number_++;
    return entry;
}

/// The id in `after` that has ended without having completed, if there is one.
std::optional<JobId> Queue::link_dependencies(Entry& entry) {
    for (const JobId& id : entry.job.spec.after) {
        const auto it = entries_.find(id);
        if (it == entries_.end()) return id;
        const Status status = it->second.job.status;
        if (status == Status::kCompleted) continue;
        if (is_terminal(status)) return id;
        if (entry.waits_for.insert(id).second) dependents_.emplace(id, entry.job.id);
    }
    return std::nullopt;
}

// ------------------------------------------------------------------ starting

void Queue::make_ready(const Entry& entry) {
    admission_.add(Admission::turn_of(entry.job, entry.number));
}

void Queue::set_running(Entry& entry, std::int64_t started_ms, std::int64_t started_boot_ms) {
    entry.job.status = Status::kRunning;
    entry.job.started_ms = started_ms;
    entry.job.started_boot_ms = started_boot_ms;
    entry.has_place = entry.job.spec.kind == Kind::kBackground;
    queued_.erase(entry.job.id);
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
            Entry& entry = entries_.at(*id);
            set_running(entry, wall_clock_ms(), boot_clock_ms());
            entry.starting = true;
            ++tasks_;
            if (entry.job.spec.lifetime == Lifetime::kSession) ++tasks_of_session_jobs_;
            admitted.push_back(entry.job);
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
        task_manager_->start(new JobTask(*surroundings_, job));
    } catch (const Poco::Exception& e) {
        requeue(job.id, "start a thread for the job: " + e.displayText());
        task_returns(job);
    }
}

void Queue::end_starting(Entry& entry) {
    if (std::exchange(entry.starting, false)) admission_.has_begun();
}

void Queue::has_begun(const JobId& id) {
    std::optional<JobRecord> running;
    bool next_may_follow = false;
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(id);
        if (it == entries_.end() || is_terminal(it->second.job.status)) return;
        Entry& entry = it->second;
        end_starting(entry);
        ++progress_;
        if (entry.job.spec.kind == Kind::kBackground &&
            !std::exchange(entry.running_reported, true))
            running = entry.job;
        next_may_follow = admission_.confirm_enough();
    }
    const auto admitted = next_may_follow ? admit() : std::vector<JobRecord>();
    if (running) report_change(*running);
    start(admitted);
}

/// There were too few resources for it: it waits until another job has ended. With no other to wait
/// for, it cannot be started. The watcher's thread ends it, since this may be called deep in the
/// end of another job.
void Queue::requeue(const JobId& id, const std::string& why) {
    const bool some_end_soon = watcher_.lingering().of_session_jobs > 0;
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(id);
        if (it == entries_.end()) return;  // cancelled meanwhile
        Entry& entry = it->second;
        end_starting(entry);
        if (is_terminal(entry.job.status) || entry.ending) return;
        entry.job.status = Status::kQueued;
        entry.job.started_ms = 0;
        entry.job.started_boot_ms = 0;
        if (std::exchange(entry.has_place, false)) admission_.give_place_back();
        if (entry.job.spec.kind == Kind::kBackground) queued_.insert(id);
        admission_.found_too_few();
        if (tasks_ <= 1 && adopted_ == 0 && !some_end_soon) {
            cannot_start_.emplace_back(id, why);
        } else {
            make_ready(entry);
        }
    }
    watcher_.wake();
}

/// The job runs, and its task cannot watch it.
void Queue::adopt_from_task(const JobRecord& job) {
    bool next_may_follow = false;
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(job.id);
        if (it == entries_.end()) return;
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
