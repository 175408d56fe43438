// The life of a queue beside its jobs: taking over, ending, and the threads that no job owns.
#include <algorithm>
#include <tuple>
#include <unistd.h>

#include "host/base/limits.h"
#include "host/jobs/queue.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Who cancels a queued job wakes us. This is for one that was killed in between.
constexpr auto kSweepEvery = 30s;
constexpr auto kLookAgainAfter = 500ms;  // at the end of a job that could not be read
constexpr std::size_t kDescriptorsForOthers = 64;
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
        const bool ours = job.spec.session == options_.session;
        if (ours && (is_terminal(job.status) || !is_elsewhere(job)))
            adopt_one(std::move(job), is_delivered);
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
    const bool delivered = is_delivered(job);
    if (job.status == Status::kRunning) return adopt_running(std::move(job), delivered);
    if (job.status == Status::kQueued) {
        if (!delivered) return adopt_queued(std::move(job));
        // Its end could not be recorded, and was delivered all the same: it must not run now.
        return write_off(job, "its end was delivered before it could be recorded");
    }
    const bool post = job.spec.kind == Kind::kBackground && !delivered;
    if (post) tell(job);
    const Lock lock(mutex_);
    if (post) ended_.enqueueNotification(new JobEndedNotification(job));
    add(std::move(job));
}

void Queue::adopt_running(JobRecord job, bool is_delivered) {
    const bool of_nobody = !job.spec.subagent.empty();  // the subagent died with its host
    if (!of_nobody) {
        const bool was_foreground =
            std::exchange(job.spec.kind, Kind::kBackground) == Kind::kForeground;
        // Where this fails the next restart comes to the same conclusion.
        if (was_foreground) std::ignore = store_.rewrite(job);
    }
    budget_.measure(job.id);
    {
        const Lock lock(mutex_);
        Entry& entry = add(job);
        begin_running(entry);
        entry.job.started_ms = job.started_ms;
        entry.job.started_boot_ms = job.started_boot_ms;
        entry.told_running = true;
        entry.delivered = is_delivered;
        watch_foreign(job);
    }
    // One that cannot be told to end is ended by its shim at its limit.
    if (of_nobody) std::ignore = cancel(job.id, "restart");
}

void Queue::adopt_queued(JobRecord job) {
    if (job.spec.kind == Kind::kForeground)
        return write_off(job, "the host ended before it was started");
    std::optional<JobId> failed;
    {
        const Lock lock(mutex_);
        Entry& entry = add(job);
        queued_.insert(job.id);
        failed = link_dependencies(entry);
        if (!failed && entry.waits_for.empty()) make_ready(entry);
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
    Entry& entry = add(std::move(record));
    entry.delivered = true;
    if (!is_terminal(entry.job.status)) watch_foreign(entry.job);
}

// ------------------------------------------------------------------ the watcher's thread

void Queue::start_threads() {
    watcher_ = start_thread("jobs-watch", [this] { watch(); });
    try {
        syncer_ = start_thread("jobs-sync", [this] { sync_records(); });
    } catch (const std::exception&) {
        {
            const Lock lock(mutex_);
            closing_ = true;
            wake_watcher();
        }
        watcher_.join();
        throw;
    }
}

void Queue::watch() {
    // A descriptor for each shim that is not ours, as long as there are many left.
    ForeignShims shims(store_, [] { return descriptors_left() > kDescriptorsForOthers; });
    do {
        reap_lingering();
        end_abandoned();
        hand_over(shims);
        end_what_cannot_start();
    } while (wait_for_work(shims));
    end_abandoned();  // a short run may be over before the first look
}

void Queue::hand_over(ForeignShims& shims) {
    std::vector<JobRecord> jobs;
    std::vector<JobRecord> admitted;
    {
        const Lock lock(mutex_);
        jobs = std::exchange(to_hand_over_, {});
        if (!jobs.empty() && one_by_one_) admitted = admit();  // one of them had not begun before
    }
    start_admitted(admitted);
    for (const JobRecord& job : jobs)
        shims.add(job);
}

/// False when the queue closes.
bool Queue::wait_for_work(ForeignShims& shims) {
    std::vector<int> others{wake_.get()};
    std::optional<Clock::time_point> deadline;
    {
        const Lock lock(mutex_);
        if (closing_) return false;
        if (!to_hand_over_.empty() || !cannot_start_.empty()) return true;
        for (const LingeringShim& shim : lingering_)
            others.push_back(shim.process.get());
        if (!queued_.empty()) deadline = std::max(next_sweep_, Clock::now());
        if (const auto retry = next_retry(); retry && (!deadline || *retry < *deadline))
            deadline = retry;
    }
    const ForeignShims::News news = shims.wait(deadline, others);
    std::uint64_t count = 0;
    std::ignore = ::read(wake_.get(), &count, sizeof count);
    take(news);
    std::vector<JobRecord> admitted;
    {
        const Lock lock(mutex_);
        const auto retry = next_retry();
        if (!retry || Clock::now() < *retry) return true;
        full_until_.reset();
        admitted = admit();
    }
    start_admitted(admitted);
    return true;
}

/// What other processes did, and shims that are not ours.
void Queue::take(const ForeignShims::News& news) {
    std::vector<JobId> queued;
    {
        const Lock lock(mutex_);
        foreign_ -= news.ended.size();
        const bool sweep = news.all || Clock::now() >= next_sweep_;
        if (sweep) {
            queued.assign(queued_.begin(), queued_.end());
            next_sweep_ = Clock::now() + kSweepEvery;
        } else {
            for (const JobId& id : news.others) {
                if (queued_.count(id) > 0) queued.push_back(id);
            }
        }
    }
    for (const JobRecord& job : news.ended)
        finish(job);
    for (const JobId& id : queued) {
        if (!store_.has_ended(id)) continue;
        auto job = store_.load(id);
        if (job && is_terminal(job->status)) {
            finish(std::move(*job));
        } else if (!job) {
            const Lock lock(mutex_);
            next_sweep_ = std::min(next_sweep_, Clock::now() + kLookAgainAfter);
        }
    }
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
            if (const auto it = entries_.find(id); it != entries_.end()) job = it->second.job;
        }
        if (job) finish(ended_unrecorded(*std::move(job), Status::kError, why));
    }
}

/// Another shim has the job that this host could not start.
void Queue::runs_elsewhere(const JobRecord& job) {
    std::optional<JobRecord> running;
    {
        const Lock lock(mutex_);
        const auto it = entries_.find(job.id);
        if (it == entries_.end() || it->second.job.status != Status::kQueued) return;
        Entry& entry = it->second;
        begin_running(entry);
        entry.job.started_ms = job.started_ms;
        entry.job.started_boot_ms = job.started_boot_ms;
        ++steps_;
        watch_foreign(entry.job);
        if (entry.job.spec.kind == Kind::kBackground && !std::exchange(entry.told_running, true))
            running = entry.job;
        changed_.notify_all();
    }
    if (running) tell(*running);
}

void Queue::want_sync(const JobId& id) {
    unsynced_.push_back(id);
    sync_wanted_.notify_one();
}

/// In batches: every commit of the file system's journal holds up those who submit meanwhile.
void Queue::sync_records() {
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
    std::vector<JobRecord> admitted;
    {
        const Lock lock(mutex_);
        std::erase_if(lingering_, [](const LingeringShim& shim) { return !shim.process; });
        // What it held may be what another waits for.
        if (std::exchange(full_until_, std::nullopt)) admitted = admit();
        changed_.notify_all();
    }
    start_admitted(admitted);
}

void Queue::end_abandoned() {
    {
        const Lock lock(mutex_);
        if (!std::exchange(look_for_abandoned_, false)) return;
    }
    store_.end_all_abandoned();
}

}  // namespace tenon::jobs
