// The life of a queue beside its jobs: taking over, ending, and the threads that no job owns.
#include <algorithm>
#include <poll.h>
#include <pthread.h>
#include <tuple>
#include <unistd.h>

#include "host/jobs/queue.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLookEvery = 500ms;  // for what other processes did to queued jobs
constexpr auto kSyncGathers = 50ms;
// SIGTERM, 500 ms, SIGKILL rounds for 5 s, the status, some margin.
constexpr auto kEndsWithin = 7s;

}  // namespace

// ------------------------------------------------------------------ the end of a host

void Queue::leave() {
    const Lock lock(mutex_);
    admitting_ = false;
}

std::size_t Queue::cancel_session_jobs(std::string_view by) {
    std::vector<JobId> running;
    std::vector<JobId> queued;
    {
        const Lock lock(mutex_);
        admitting_ = false;
        for (const auto& [id, entry] : entries_) {
            if (!is_unfinished_session_job(entry)) continue;
            (entry.job.status == Status::kRunning ? running : queued).push_back(id);
        }
    }
    const auto deadline = Clock::now() + kEndsWithin;
    // Running ones first: their trees end while the queued ones are written off. One that has ended
    // meanwhile is what we want.
    for (const JobId& id : running)
        std::ignore = cancel(id, by);
    cancel_queued(queued, by);
    running.insert(running.end(), queued.begin(), queued.end());
    Lock lock(mutex_);
    while (true) {
        const auto left = std::count_if(
            running.begin(), running.end(), [&](const JobId& id) TENON_REQUIRES(mutex_) {
                const auto it = entries_.find(id);
                return it != entries_.end() && !is_terminal(it->second.job.status);
            });
        const bool lingers = std::any_of(
            lingering_.begin(), lingering_.end(),
            [](const LingeringShim& shim) { return shim.lifetime == Lifetime::kSession; });
        if ((left == 0 && !lingers) || Clock::now() >= deadline)
            return static_cast<std::size_t>(left);
        changed_.wait_until(lock, deadline);
    }
}

/// Thousands, perhaps: one sync for all of them.
void Queue::cancel_queued(const std::vector<JobId>& ids, std::string_view by) {
    JobEnd end;
    end.status = Status::kCancelled;
    end.ended_by = by;
    std::vector<JobRecord> cancelled;
    for (const JobId& id : ids) {
        auto job = store_.end_unstarted(id, end, {}, Sync::kNo);
        if (job && is_terminal(job->status)) cancelled.push_back(std::move(*job));
    }
    if (!cancelled.empty()) store_.sync_everything();
    for (JobRecord& job : cancelled)
        finish(std::move(job));
}

// ------------------------------------------------------------------ the beginning of a host

Problems Queue::adopt(const std::function<bool(const JobRecord&)>& is_delivered) {
    Problems problems;
    for (JobRecord& job : store_.list(&problems)) {
        if (job.spec.session == options_.session) adopt_one(std::move(job), is_delivered);
    }
    std::vector<JobRecord> admitted;
    {
        const Lock lock(mutex_);
        admitted = admit();
        look_for_abandoned_ = true;
        changed_.notify_all();
    }
    start_admitted(admitted);
    wake_watcher();
    return problems;
}

void Queue::adopt_one(JobRecord job, const std::function<bool(const JobRecord&)>& is_delivered) {
    if (job.status == Status::kRunning) return adopt_running(std::move(job));
    if (job.status == Status::kQueued) return adopt_queued(std::move(job));
    const bool post = job.spec.kind == Kind::kBackground && !is_delivered(job);
    if (post) tell(job);
    const Lock lock(mutex_);
    if (post) ended_.enqueueNotification(new JobEndedNotification(job));
    add(std::move(job));
}

void Queue::adopt_running(JobRecord job) {
    const bool of_nobody = !job.spec.subagent.empty();  // the subagent died with its host
    if (!of_nobody) {
        const bool was_foreground =
            std::exchange(job.spec.kind, Kind::kBackground) == Kind::kForeground;
        // Where this fails the next restart comes to the same conclusion.
        if (was_foreground) std::ignore = store_.rewrite(job);
    }
    {
        const Lock lock(mutex_);
        Entry& entry = add(job);
        begin_running(entry);
        entry.job.started_ms = job.started_ms;
        entry.job.started_boot_ms = job.started_boot_ms;
        entry.told_running = true;
    }
    start_task(job, JobTask::Begin::kAdopt);
    // One that cannot be told to end is ended by its shim at its limit.
    if (of_nobody) std::ignore = cancel(job.id, "restart");
}

void Queue::adopt_queued(JobRecord job) {
    std::optional<JobId> failed;
    {
        const Lock lock(mutex_);
        Entry& entry = add(job);
        if (job.spec.kind == Kind::kBackground) {
            unwatched_.insert(job.id);
            failed = link_dependencies(entry);
            if (!failed && entry.waits_for.empty()) {
                ready_.insert({-job.spec.priority, entry.number, job.id});
            }
        }
    }
    if (failed) finish(cancel_dependent(job.id, *failed));
    if (job.spec.kind == Kind::kForeground) {
        JobEnd end;
        end.status = Status::kCancelled;
        end.ended_by = "restart";
        end.reason = "the host ended before it was started";
        auto ended = store_.end_unstarted(job.id, std::move(end));
        if (ended && is_terminal(ended->status)) finish(std::move(*ended));
    }
}

// ------------------------------------------------------------------ the watcher's thread

void Queue::watch() {
    ::pthread_setname_np(::pthread_self(), "jobs-watch");
    auto next_look = Clock::now();
    do {
        reap_lingering();
        end_abandoned();
        if (Clock::now() >= next_look) {
            find_ended_by_others();
            next_look = Clock::now() + kLookEvery;
        }
    } while (wait_for_work());
    end_abandoned();  // a short run may be over before the first look
}

/// False when the queue closes.
bool Queue::wait_for_work() {
    std::vector<pollfd> ready{{wake_.get(), POLLIN, 0}};
    int timeout = -1;
    {
        const Lock lock(mutex_);
        if (closing_) return false;
        for (const LingeringShim& shim : lingering_)
            ready.push_back({shim.process.get(), POLLIN, 0});
        if (!unwatched_.empty()) timeout = static_cast<int>(kLookEvery / 1ms);
    }
    if (::poll(ready.data(), ready.size(), timeout) > 0 && ready[0].revents != 0) {
        std::uint64_t count = 0;
        std::ignore = ::read(wake_.get(), &count, sizeof count);
    }
    return true;
}

void Queue::want_sync(const JobId& id) {
    unsynced_.push_back(id);
    sync_wanted_.notify_one();
}

/// In batches: every commit of the file system's journal holds up those who submit meanwhile.
void Queue::sync_records() {
    ::pthread_setname_np(::pthread_self(), "jobs-sync");
    Lock lock(mutex_);
    while (true) {
        while (unsynced_.empty() && !closing_)
            sync_wanted_.wait(lock);
        if (unsynced_.empty()) return;
        const auto more_until = Clock::now() + kSyncGathers;
        while (!closing_ && Clock::now() < more_until)
            sync_wanted_.wait_until(lock, more_until);
        const std::vector<JobId> batch = std::exchange(unsynced_, {});
        lock.unlock();
        store_.sync(batch);
        lock.lock();
    }
}

void Queue::reap_lingering() {
    std::vector<LingeringShim> gone;
    {
        const Lock lock(mutex_);
        for (LingeringShim& shim : lingering_) {
            if (reap(shim.process) == -1) continue;
            // It stays in the list until nothing is left of it.
            gone.push_back({shim.id, std::move(shim.process), shim.lifetime, shim.left_behind});
        }
    }
    if (gone.empty()) return;
    // It may have been killed before it had ended what the job left behind.
    for (const LingeringShim& shim : gone) {
        if (shim.left_behind) store_.end_abandoned(shim.id);
    }
    const Lock lock(mutex_);
    std::erase_if(lingering_, [](const LingeringShim& shim) { return !shim.process; });
    changed_.notify_all();
}

void Queue::end_abandoned() {
    {
        const Lock lock(mutex_);
        if (!std::exchange(look_for_abandoned_, false)) return;
    }
    store_.end_all_abandoned();
}

/// Another process may cancel what is queued. Also the second try for what found no thread.
void Queue::find_ended_by_others() {
    std::vector<JobId> ids;
    std::vector<JobRecord> admitted;
    {
        const Lock lock(mutex_);
        ids.assign(unwatched_.begin(), unwatched_.end());
        admitted = admit();
    }
    start_admitted(admitted);
    for (const JobId& id : ids) {
        if (!store_.has_ended(id)) continue;
        if (auto job = store_.load(id); job && is_terminal(job->status)) finish(std::move(*job));
    }
}

}  // namespace tenon::jobs
