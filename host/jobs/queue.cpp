#include "host/jobs/queue.h"

#include <algorithm>
#include <sys/eventfd.h>
#include <tuple>
#include <unistd.h>

#include <Poco/Exception.h>

#include "host/base/clock.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

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
// Of the ended foreground jobs the newest stay in memory; the store has them all.
constexpr std::size_t kForegroundRemembered = 256;

void raise(int event) {
    const std::uint64_t one = 1;
    std::ignore = ::write(event, &one, sizeof one);
}

Error unknown(const JobId& id) {
    return {"Unknown job " + id};
}

}  // namespace

Queue::Queue(Store store, QueueOptions options)
    : store_(std::move(store)),
      options_(std::move(options)),
      budget_(store_, options_.total_output_limit),
      leave_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      surroundings_{store_,
                    options_.shim,
                    budget_,
                    leave_.get(),
                    [this](const JobId& id) { mark_started(id); },
                    [this](JobRecord job) { finish(std::move(job)); },
                    [this](LingeringShim shim) {
                        const Lock lock(mutex_);
                        lingering_.push_back(std::move(shim));
                        wake_watcher();
                    },
                    [this] {
                        const Lock lock(mutex_);
                        --tasks_alive_;
                        changed_.notify_all();
                    }},
      threads_("jobs", 2, kMostThreads, kIdleSeconds, kStackBytes),
      tasks_(threads_),
      watcher_([this] { watch(); }),
      syncer_([this] { sync_records(); }) {}

Queue::~Queue() {
    {
        Lock lock(mutex_);
        admitting_ = false;
        closing_ = true;
        raise(leave_.get());
        wake_watcher();
        sync_wanted_.notify_one();
        // TaskManager::joinAll deadlocks with a task that starts another: only when none is left.
        while (tasks_alive_ > 0)
            changed_.wait(lock);
    }
    watcher_.join();
    syncer_.join();
    tasks_.joinAll();
    threads_.joinAll();
}

void Queue::wake_watcher() const {
    raise(wake_.get());
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

    std::vector<JobRecord> admitted;
    std::optional<JobId> failed;
    {
        const Lock lock(mutex_);
        Entry& entry = add(*job);
        failed = link_dependencies(entry);
        if (job->spec.kind == Kind::kForeground) {
            begin_running(entry);
            admitted.push_back(entry.job);
        } else {
            // A foreground command is part of its turn, whose journal is not synced either.
            want_sync(job->id);
            unwatched_.insert(job->id);
            if (!failed && entry.waits_for.empty()) {
                ready_.insert({-job->spec.priority, entry.number, job->id});
            }
            admitted = admit();
        }
        job->status = entry.job.status;
        job->started_ms = entry.job.started_ms;
        wake_watcher();
    }
    start_admitted(admitted);
    if (!failed) return job;
    finish(cancel_dependent(job->id, *failed));
    return find(job->id);
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
    if (unwatched_.size() >= options_.max_queued) {
        return Error{std::to_string(unwatched_.size()) +
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

void Queue::begin_running(Entry& entry) {
    entry.job.status = Status::kRunning;
    entry.job.started_ms = wall_clock_ms();
    entry.job.started_boot_ms = boot_clock_ms();
    entry.counted = entry.job.spec.kind == Kind::kBackground;
    if (entry.counted) ++running_;
    ++tasks_alive_;
    unwatched_.erase(entry.job.id);
}

std::vector<JobRecord> Queue::admit() {
    std::vector<JobRecord> admitted;
    while (admitting_ && running_ < options_.max_running && !ready_.empty()) {
        Entry& entry = entries_.at(ready_.begin()->id);
        ready_.erase(ready_.begin());
        begin_running(entry);
        admitted.push_back(entry.job);
    }
    return admitted;
}

void Queue::start_admitted(const std::vector<JobRecord>& jobs) {
    for (const JobRecord& job : jobs)
        start_task(job, JobTask::Begin::kStart);
}

void Queue::start_task(const JobRecord& job, JobTask::Begin begin) {
    try {
        tasks_.start(
            new JobTask(surroundings_, job, begin));  // the manager owns it, also if it throws
    } catch (const Poco::Exception& e) {
        take_back(job, begin, e.displayText());
    }
}

/// No thread for it: a queued job waits for the watcher's next look, a foreground one has failed.
void Queue::take_back(const JobRecord& job, JobTask::Begin begin, const std::string& why) {
    if (job.spec.kind == Kind::kForeground && begin == JobTask::Begin::kStart) {
        JobEnd end;
        end.status = Status::kError;
        end.exit_code = 127;
        end.reason = "no thread to supervise it: " + why;
        auto ended = store_.end_unstarted(job.id, end, "tenon: " + end.reason + "\n");
        JobRecord record = ended ? *ended : job;
        if (!is_terminal(record.status)) {
            record.status = end.status;
            record.end = end;
        }
        finish(std::move(record));
        const Lock lock(mutex_);
        --tasks_alive_;
        changed_.notify_all();
        return;
    }
    const Lock lock(mutex_);
    Entry& entry = entries_.at(job.id);
    --tasks_alive_;
    unwatched_.insert(job.id);
    if (begin == JobTask::Begin::kAdopt) return;
    entry.job.status = Status::kQueued;
    entry.job.started_ms = 0;
    if (std::exchange(entry.counted, false)) --running_;
    ready_.insert({-job.spec.priority, entry.number, job.id});
}

void Queue::mark_started(const JobId& id) {
    std::optional<JobRecord> running;
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(id);
        if (it == entries_.end() || is_terminal(it->second.job.status)) return;
        Entry& entry = it->second;
        if (entry.job.spec.kind == Kind::kBackground && !std::exchange(entry.told_running, true)) {
            running = entry.job;
        }
    }
    if (running) tell(*running);
}

void Queue::tell(const JobRecord& job) const {
    if (options_.on_change) options_.on_change(job);
}

// ------------------------------------------------------------------ ends

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

/// Returns those that waited for it in vain.
std::vector<JobId> Queue::finish_one(JobRecord& job) {
    budget_.measure(job.id);
    std::vector<JobId> in_vain;
    std::vector<JobRecord> admitted;
    // Watchers hear of the end before anybody who waits for it does.
    bool told = false;
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(job.id);
        if (it == entries_.end() || std::exchange(it->second.ending, true)) return {};
        told = it->second.job.spec.kind == Kind::kBackground;
    }
    if (told) tell(job);
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(job.id);
        if (it == entries_.end()) return {};
        Entry& entry = it->second;
        job.spec.kind = entry.job.spec.kind;  // job.json may be about to say so
        entry.job = job;
        if (std::exchange(entry.counted, false)) --running_;
        unwatched_.erase(job.id);
        ready_.erase({-job.spec.priority, entry.number, job.id});
        if (job.spec.kind == Kind::kBackground) {
            // Under the lock, so that nobody sees the end before it is posted; it only queues.
            ended_.enqueueNotification(new JobEndedNotification(job));
        } else {
            remember_foreground(job.id);
        }
        in_vain = release_dependents(job);
        admitted = admit();
        changed_.notify_all();
    }
    if (!told && job.spec.kind == Kind::kBackground) tell(job);  // moved there this moment
    if (job.spec.kind == Kind::kBackground && options_.on_news) options_.on_news();
    start_admitted(admitted);
    return in_vain;
}

std::vector<JobId> Queue::release_dependents(const JobRecord& ended) {
    std::vector<JobId> in_vain;
    const auto [first, last] = dependents_.equal_range(ended.id);
    for (auto it = first; it != last; ++it) {
        Entry& entry = entries_.at(it->second);
        if (is_terminal(entry.job.status)) continue;
        if (ended.status != Status::kCompleted) {
            in_vain.push_back(entry.job.id);
        } else if (entry.waits_for.erase(ended.id) != 0 && entry.waits_for.empty()) {
            ready_.insert({-entry.job.spec.priority, entry.number, entry.job.id});
        }
    }
    dependents_.erase(first, last);
    return in_vain;
}

void Queue::remember_foreground(const JobId& id) {
    ended_foreground_.push_back(id);
    if (ended_foreground_.size() <= kForegroundRemembered) return;
    entries_.erase(ended_foreground_.front());
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
    JobRecord job = entries_.at(id).job;
    job.status = end.status;
    job.end = std::move(end);
    return job;
}

// ------------------------------------------------------------------ asking

Result<JobRecord> Queue::find(const JobId& id) const {
    {
        const Lock lock(mutex_);
        if (const auto it = entries_.find(id); it != entries_.end()) {
            JobRecord job = it->second.job;
            correct_start(job);
            return job;
        }
    }
    auto job = store_.load(id);
    if (!job || job->spec.session != options_.session) return unknown(id);
    return job;
}

std::optional<JobRecord> Queue::find_by_tool_use(std::string_view tool_use_id) const {
    const Lock lock(mutex_);
    for (const auto& [id, entry] : entries_) {
        const JobSpec& spec = entry.job.spec;
        if (!tool_use_id.empty() && spec.tool_use_id == tool_use_id && spec.subagent.empty())
            return entry.job;
    }
    return std::nullopt;
}

std::vector<JobRecord> Queue::background_jobs() const {
    std::vector<std::pair<std::uint64_t, JobRecord>> found;
    {
        const Lock lock(mutex_);
        for (const auto& [id, entry] : entries_) {
            if (entry.job.spec.kind == Kind::kBackground)
                found.emplace_back(entry.number, entry.job);
        }
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<JobRecord> jobs;
    jobs.reserve(found.size());
    for (auto& [number, job] : found) {
        correct_start(job);
        jobs.push_back(std::move(job));
    }
    return jobs;
}

QueueLoad Queue::load() const {
    QueueLoad load;
    const Lock lock(mutex_);
    for (const auto& [id, entry] : entries_) {
        const JobRecord& job = entry.job;
        if (job.spec.kind != Kind::kBackground || is_terminal(job.status)) continue;
        if (job.spec.lifetime == Lifetime::kSession) ++load.session_jobs;
        if (job.status == Status::kQueued) {
            ++load.queued;
            continue;
        }
        ++load.running;
        const std::int64_t started_ms = start_by_this_clock(job);
        if (load.longest_started_ms == 0 || started_ms < load.longest_started_ms)
            load.longest_started_ms = started_ms;
    }
    return load;
}

std::vector<JobId> Queue::running_foreground() const {
    std::vector<JobId> ids;
    const Lock lock(mutex_);
    for (const auto& [id, entry] : entries_) {
        const JobRecord& job = entry.job;
        if (job.spec.kind == Kind::kForeground && job.spec.subagent.empty() && !is_terminal(job.status))
            ids.push_back(id);
    }
    return ids;
}

Result<JobRecord> Queue::to_background(const JobId& id) {
    JobRecord job;
    bool tell_running = false;
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(id);
        if (it == entries_.end()) return unknown(id);
        Entry& entry = it->second;
        if (is_terminal(entry.job.status) || entry.job.spec.kind == Kind::kBackground)
            return entry.job;
        if (!entry.job.spec.subagent.empty())
            return Error{"the command of a subagent cannot continue as a background job"};
        entry.job.spec.kind = Kind::kBackground;
        entry.counted = true;
        ++running_;
        tell_running = !std::exchange(entry.told_running, true);
        job = entry.job;
        // Where this fails a restart still takes a running foreground job for a background one.
        std::ignore = store_.rewrite(job);
        want_sync(id);
        changed_.notify_all();
    }
    if (tell_running) tell(job);
    return job;
}

Result<void> Queue::cancel(const JobId& id, std::string_view by) {
    {
        const Lock lock(mutex_);
        if (entries_.find(id) == entries_.end()) return unknown(id);
    }
    auto job = store_.cancel(id, by);
    if (!job) return job.error();
    if (is_terminal(job->status)) finish(std::move(*job));
    return {};
}

Queue::Waited Queue::wait_any(std::span<const JobId> ids, std::optional<Clock::time_point> deadline,
                              const std::stop_token& stop,
                              std::span<const JobId> foreground) const {
    const auto has_ended = [&](const JobId& id) TENON_REQUIRES(mutex_) {
        const auto it = entries_.find(id);
        return it == entries_.end() || is_terminal(it->second.job.status);
    };
    const auto is_foreground = [&](const JobId& id) TENON_REQUIRES(mutex_) {
        const auto it = entries_.find(id);
        return it != entries_.end() && it->second.job.spec.kind == Kind::kForeground;
    };
    // Before the lock: it takes it when a stop comes, or came already.
    const std::stop_callback wake(stop, [this] {
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    Lock lock(mutex_);
    while (true) {
        for (const JobId& id : ids) {
            if (has_ended(id)) return Waited::kEnded;
        }
        for (const JobId& id : foreground) {
            if (!is_foreground(id)) return Waited::kMoved;
        }
        if (stop.stop_requested()) return Waited::kStopped;
        if (deadline && Clock::now() >= *deadline) return Waited::kTimeOver;
        if (deadline) {
            changed_.wait_until(lock, *deadline);
        } else {
            changed_.wait(lock);
        }
    }
}

bool Queue::wait_for_news(const std::stop_token& stop) const {
    const std::stop_callback wake(stop, [this] {
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    Lock lock(mutex_);
    while (true) {
        if (!ended_.empty()) return true;
        if (stop.stop_requested()) return false;
        bool worth_waiting = false;
        for (const auto& [id, entry] : entries_) {
            if (entry.job.spec.kind != Kind::kBackground) continue;
            if (entry.job.status == Status::kQueued || is_unfinished_session_job(entry)) {
                worth_waiting = true;
                break;
            }
        }
        if (!worth_waiting) return false;
        changed_.wait(lock);
    }
}

bool Queue::is_unfinished_session_job(const Entry& entry) const {
    return entry.job.spec.lifetime == Lifetime::kSession && !is_terminal(entry.job.status);
}

}  // namespace tenon::jobs
