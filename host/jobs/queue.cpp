#include "host/jobs/queue.h"

#include <algorithm>
#include <stdexcept>
#include <sys/eventfd.h>
#include <tuple>
#include <unistd.h>

#include <Poco/Exception.h>

#include "host/base/clock.h"
#include "host/base/limits.h"

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

// Of this process: the pidfd and the pipe of a running job; what is left for the model's connection,
// tools, plugins and the reading of records while jobs run; and what the rest surely does not need.
constexpr std::size_t kDescriptorsOfAJob = 2;
constexpr std::size_t kDescriptorsToSpare = 20;
constexpr std::size_t kDescriptorsOfTheRest = 256;
// A thread of ours, its supervisor, bash, and what bash starts.
constexpr std::size_t kProcessesOfAJob = 5;
constexpr std::size_t kKeptForForeground = 2;  // of jobs
constexpr auto kRetryEvery = 1s;               // where there was no room for a job

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
                    [this](const JobId& id, const std::string& why) { take_back(id, why); },
                    [this](const JobRecord& job) {
                        const Lock lock(mutex_);
                        watch_foreign(job);
                    },
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
      threads_("jobs", 1, kMostThreads, kIdleSeconds, kStackBytes),
      tasks_(threads_) {
    if (!leave_ || !wake_)
        throw std::runtime_error("make the queue of jobs: this process has no descriptor left");
    start_threads();
}

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
        if (job->spec.kind == Kind::kBackground) {
            // A foreground command is part of its turn, whose journal is not synced either.
            want_sync(job->id);
            queued_.insert(job->id);
        }
        if (!failed && entry.waits_for.empty()) make_ready(entry);
        admitted = admit();
        job->status = entry.job.status;
        job->started_ms = entry.job.started_ms;
        if (queued_.size() == 1) wake_watcher();  // from now on it looks for what others cancel
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

void Queue::make_ready(const Entry& entry) {
    if (entry.job.spec.kind == Kind::kForeground) {
        ready_foreground_.emplace(entry.number, entry.job.id);
    } else {
        ready_.insert(turn_of(entry));
    }
}

void Queue::not_ready(const Entry& entry) {
    ready_foreground_.erase(entry.number);
    ready_.erase(turn_of(entry));
}

void Queue::begin_running(Entry& entry) {
    entry.job.status = Status::kRunning;
    entry.job.started_ms = wall_clock_ms();
    entry.job.started_boot_ms = boot_clock_ms();
    entry.counted = entry.job.spec.kind == Kind::kBackground;
    if (entry.counted) ++running_;
    queued_.erase(entry.job.id);
}

void Queue::has_begun(Entry& entry) {
    if (std::exchange(entry.starting, false)) --starting_;
}

Queue::Entry* Queue::next_ready() {
    if (!ready_foreground_.empty()) return &entries_.at(ready_foreground_.begin()->second);
    if (running_ >= options_.max_running || ready_.empty()) return nullptr;
    return &entries_.at(ready_.begin()->id);
}

/// Whether there are descriptors and processes for one more job. Nothing is known for certain: what
/// finds none after all is taken back. With no job to wait for, trying is all that can be done.
bool Queue::has_room(const JobRecord& job) {
    if (tasks_alive_ == 0) return true;
    if (full_until_) return false;
    // The last places are for foreground jobs: a background job may keep its place for hours.
    const std::size_t jobs =
        starting_ + 1 + (job.spec.kind == Kind::kForeground ? 0 : kKeptForForeground);
    // Counting takes time: not while there must be enough.
    const std::size_t held = (tasks_alive_ + lingering_.size() + foreign_) * kDescriptorsOfAJob;
    const bool plenty = held + kDescriptorsOfTheRest < descriptor_limit();
    if (!plenty && descriptors_left() < jobs * kDescriptorsOfAJob + kDescriptorsToSpare)
        return false;
    return processes_left().value_or(jobs * kProcessesOfAJob) >= jobs * kProcessesOfAJob;
}

std::vector<JobRecord> Queue::admit() {
    std::vector<JobRecord> admitted;
    // After a shortage the next one follows when the one before it has begun.
    while (admitting_ && !(one_by_one_ && starting_ > 0)) {
        Entry* next = next_ready();
        if (next == nullptr) {
            one_by_one_ = false;
            break;
        }
        if (!has_room(next->job)) {
            found_no_room();
            break;
        }
        not_ready(*next);
        begin_running(*next);
        next->starting = true;
        ++starting_;
        ++tasks_alive_;
        admitted.push_back(next->job);
    }
    if (!admitted.empty()) changed_.notify_all();
    return admitted;
}

/// The watcher tries again then. However often this is found meanwhile, the moment stays.
void Queue::found_no_room() {
    if (!full_until_) full_until_ = Clock::now() + kRetryEvery;
    wake_watcher();
}

std::optional<Clock::time_point> Queue::next_retry() {
    return full_until_ && next_ready() != nullptr ? full_until_ : std::nullopt;
}

void Queue::start_admitted(const std::vector<JobRecord>& jobs) {
    for (const JobRecord& job : jobs)
        start_task(job);
}

void Queue::start_task(const JobRecord& job) {
    try {
        tasks_.start(new JobTask(surroundings_, job));  // the manager owns it, also if it throws
    } catch (const Poco::Exception& e) {
        take_back(job.id, "start a thread for the job: " + e.displayText());
        const Lock lock(mutex_);
        --tasks_alive_;
        changed_.notify_all();
    }
}

/// There was no room for it: it waits until another job has ended. With no other to wait for, it
/// cannot be started; the watcher says so, since this may be deep in the end of another job.
void Queue::take_back(const JobId& id, const std::string& why) {
    const Lock lock(mutex_);
    const auto it = entries_.find(id);
    if (it == entries_.end()) return;  // cancelled meanwhile
    Entry& entry = it->second;
    has_begun(entry);
    if (is_terminal(entry.job.status) || entry.ending) return;
    entry.job.status = Status::kQueued;
    entry.job.started_ms = 0;
    entry.job.started_boot_ms = 0;
    if (std::exchange(entry.counted, false)) --running_;
    if (entry.job.spec.kind == Kind::kBackground) queued_.insert(id);
    one_by_one_ = true;
    found_no_room();
    const bool some_end_soon = std::any_of(
        lingering_.begin(), lingering_.end(),
        [](const LingeringShim& shim) { return shim.lifetime == Lifetime::kSession; });
    if (tasks_alive_ <= 1 && foreign_ == 0 && !some_end_soon) {
        cannot_start_.emplace_back(id, why);
    } else {
        make_ready(entry);
    }
}

/// The job runs, and no task sees to it.
void Queue::watch_foreign(const JobRecord& job) {
    if (const auto it = entries_.find(job.id); it != entries_.end()) has_begun(it->second);
    ++foreign_;
    to_hand_over_.push_back(job);
    wake_watcher();
}

void Queue::mark_started(const JobId& id) {
    std::optional<JobRecord> running;
    std::vector<JobRecord> admitted;
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(id);
        if (it == entries_.end() || is_terminal(it->second.job.status)) return;
        Entry& entry = it->second;
        has_begun(entry);
        ++steps_;
        if (entry.job.spec.kind == Kind::kBackground && !std::exchange(entry.told_running, true)) {
            running = entry.job;
        }
        if (one_by_one_) {
            full_until_.reset();  // there was room for this one
            admitted = admit();
        }
    }
    if (running) tell(*running);
    start_admitted(admitted);
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
    if (!job.end.no_pid_namespace.empty() && options_.on_no_pid_namespace)
        options_.on_no_pid_namespace(job.end.no_pid_namespace);
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
        has_begun(entry);
        queued_.erase(job.id);
        not_ready(entry);
        ++steps_;
        full_until_.reset();
        if (job.spec.kind == Kind::kBackground && !entry.delivered) {
            // Under the lock, so that nobody sees the end before it is posted; it only queues.
            ended_.enqueueNotification(new JobEndedNotification(job));
        } else if (job.spec.kind == Kind::kForeground) {
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
            make_ready(entry);
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
        const bool runs = entry.job.status == Status::kRunning;
        const bool waits = ready_foreground_.erase(entry.number) > 0;
        entry.job.spec.kind = Kind::kBackground;
        entry.counted = runs;
        if (runs) {
            ++running_;
            tell_running = !entry.starting && !std::exchange(entry.told_running, true);
        } else {
            queued_.insert(id);
            if (waits) make_ready(entry);
        }
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

Queue::Waited Queue::wait_for_start(std::span<const JobId> ids, std::chrono::milliseconds patience,
                                    const std::stop_token& stop) const {
    const auto is_queued = [&](const JobId& id) TENON_REQUIRES(mutex_) {
        const auto it = entries_.find(id);
        return it != entries_.end() && it->second.job.spec.kind == Kind::kForeground &&
               it->second.job.status == Status::kQueued;
    };
    const std::stop_callback wake(stop, [this] {
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    Lock lock(mutex_);
    std::uint64_t seen = steps_;
    auto deadline = Clock::now() + patience;
    while (true) {
        if (std::none_of(ids.begin(), ids.end(), is_queued)) return Waited::kEnded;
        if (stop.stop_requested()) return Waited::kStopped;
        if (std::exchange(seen, steps_) != steps_) deadline = Clock::now() + patience;
        if (Clock::now() >= deadline) return Waited::kTimeOver;
        changed_.wait_until(lock, deadline);
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
