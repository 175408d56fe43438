// What a queue knows of its jobs, and waiting for it to change.
#include <algorithm>
#include <chrono>
#include <utility>

#include "host/jobs/queue.h"

namespace tenon::jobs {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Result<JobRecord> Queue::find(const JobId& id) const {
    {
        const Lock lock(mutex_);
        if (const auto it = jobs_.find(id); it != jobs_.end()) {
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
    for (const auto& [id, tracked] : jobs_) {
        const JobSpec& spec = tracked.job.spec;
        if (!tool_use_id.empty() && spec.tool_use_id == tool_use_id && spec.subagent.empty())
            return tracked.job;
    }
    return std::nullopt;
}

std::vector<JobRecord> Queue::background_jobs() const {
    std::vector<std::pair<std::uint64_t, JobRecord>> found;
    {
        const Lock lock(mutex_);
        for (const auto& [id, tracked] : jobs_) {
            if (tracked.job.spec.kind == JobKind::kBackground)
                found.emplace_back(tracked.number, tracked.job);
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
    for (const auto& [id, tracked] : jobs_) {
        const JobRecord& job = tracked.job;
        if (job.spec.kind != JobKind::kBackground || is_terminal(job.status)) continue;
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
    for (const auto& [id, tracked] : jobs_) {
        const JobRecord& job = tracked.job;
        if (job.spec.kind == JobKind::kForeground && job.spec.subagent.empty() &&
            !is_terminal(job.status))
            ids.push_back(id);
    }
    return ids;
}

std::vector<JobRecord> Queue::running_commands() const {
    std::vector<JobRecord> found;
    const Lock lock(mutex_);
    for (const auto& [id, tracked] : jobs_) {
        if (tracked.job.spec.kind == JobKind::kForeground && tracked.job.status == Status::kRunning)
            found.push_back(tracked.job);
    }
    return found;
}

Queue::Waited Queue::wait_any(std::span<const JobId> ids, std::optional<Clock::time_point> deadline,
                              const std::stop_token& stop,
                              std::span<const JobId> foreground) const {
    const auto has_ended = [&](const JobId& id) TENON_REQUIRES(mutex_) {
        const auto it = jobs_.find(id);
        return it == jobs_.end() || is_terminal(it->second.job.status);
    };
    const auto is_foreground = [&](const JobId& id) TENON_REQUIRES(mutex_) {
        const auto it = jobs_.find(id);
        return it != jobs_.end() && it->second.job.spec.kind == JobKind::kForeground;
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
        const auto it = jobs_.find(id);
        return it != jobs_.end() && it->second.job.spec.kind == JobKind::kForeground &&
               it->second.job.status == Status::kQueued;
    };
    const std::stop_callback wake(stop, [this] {
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    Lock lock(mutex_);
    std::uint64_t seen = progress_;
    auto deadline = Clock::now() + patience;
    while (true) {
        if (std::none_of(ids.begin(), ids.end(), is_queued)) return Waited::kEnded;
        if (stop.stop_requested()) return Waited::kStopped;
        if (std::exchange(seen, progress_) != progress_) deadline = Clock::now() + patience;
        if (Clock::now() >= deadline) return Waited::kTimeOver;
        changed_.wait_until(lock, deadline);
    }
}

bool Queue::wait_for_notification(const std::stop_token& stop) const {
    const std::stop_callback wake(stop, [this] {
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    Lock lock(mutex_);
    while (true) {
        if (!ended_.empty()) return true;
        if (stop.stop_requested()) return false;
        bool worth_waiting = false;
        for (const auto& [id, tracked] : jobs_) {
            if (tracked.job.spec.kind != JobKind::kBackground) continue;
            if (tracked.job.status == Status::kQueued || is_unfinished_session_job(tracked)) {
                worth_waiting = true;
                break;
            }
        }
        if (!worth_waiting) return false;
        changed_.wait(lock);
    }
}

bool Queue::is_unfinished_session_job(const TrackedJob& tracked) const {
    return tracked.job.spec.lifetime == Lifetime::kSession && !is_terminal(tracked.job.status);
}

}  // namespace tenon::jobs
