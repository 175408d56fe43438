#include "host/jobs/watcher.h"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <sys/eventfd.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "host/base/clock.h"
#include "host/base/limits.h"
#include "host/jobs/job_task.h"
#include "host/jobs/launch.h"

namespace tenon::jobs {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kDescriptorsForOthers = 64;
// What a shim may take beyond the timeout before it is taken for stopped, and the time
// between two signals to continue.
constexpr std::chrono::milliseconds kMargin{1000};
constexpr auto kLookAgainAfter = 100ms;

std::optional<Clock::time_point> overdue_of(const JobRecord& job) {
    auto begun = Clock::now();
    if (job.started_boot_ms > 0)
        begun -= std::chrono::milliseconds(boot_clock_ms() - job.started_boot_ms);
    return deadline_of(begun + kMargin, job.spec.timeout);
}

void take_earlier(std::optional<Clock::time_point>& deadline,
                  const std::optional<Clock::time_point>& other) {
    if (other && (!deadline || *other < *deadline)) deadline = other;
}

}  // namespace

Watcher::Watcher(const Store& store, WatcherClient client)
    : store_(store),
      client_(std::move(client)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      watch_(store, [] { return descriptors_left() > kDescriptorsForOthers; }) {
    if (!wake_)
        throw std::runtime_error("make the watcher of jobs: this process has no descriptor left");
    watch_.add_cancelled_jobs();
    thread_ = start_thread("jobs-watch", [this] { run(); });
}

Watcher::~Watcher() {
    {
        const Lock lock(mutex_);
        orders_.closing = true;
    }
    wake();
    thread_.join();
}

void Watcher::wake() const {
    const std::uint64_t one = 1;
    std::ignore = ::write(wake_.get(), &one, sizeof one);
}

void Watcher::add_running(JobRecord job) {
    {
        const Lock lock(mutex_);
        orders_.running.push_back(std::move(job));
    }
    wake();
}

void Watcher::add_lingering(LingeringShim shim) {
    {
        const Lock lock(mutex_);
        ++lingering_count_.all;
        if (shim.lifetime == Lifetime::kSession) ++lingering_count_.of_session_jobs;
        orders_.lingering.push_back(std::move(shim));
    }
    wake();
}

void Watcher::watch_also(OtherWatch other) {
    {
        const Lock lock(mutex_);
        orders_.other = std::move(other);
    }
    wake();
}

void Watcher::look_at(const JobId& queued) {
    {
        const Lock lock(mutex_);
        orders_.queued.insert(queued);
    }
    wake();
}

void Watcher::look_at_all_queued() {
    {
        const Lock lock(mutex_);
        orders_.all_queued = true;
    }
    wake();
}

void Watcher::end_leftover_processes() {
    {
        const Lock lock(mutex_);
        orders_.leftovers = true;
    }
    wake();
}

Watcher::Lingering Watcher::lingering() const {
    const Lock lock(mutex_);
    return lingering_count_;
}

// ------------------------------------------------------------------ the thread

void Watcher::run() {
    while (take_orders()) {
        wait(client_.other_work());
        for (const JobId& id : std::exchange(changed_, {}))
            look(id);
        look_at_other();
    }
}

/// False when the watcher closes.
bool Watcher::take_orders() {
    Orders orders;
    {
        const Lock lock(mutex_);
        orders = std::exchange(orders_, {});
    }
    // Also when it closes: a short run may be over before the first look.
    if (orders.leftovers) store_.end_all_leftovers();
    if (orders.closing) return false;
    for (JobRecord& job : orders.running) {
        const JobId id = job.id;
        watch_.add(id);
        changed_.insert(id);
        const auto overdue = overdue_of(job);
        running_[id] = {std::move(job), overdue, 0};
    }
    for (LingeringShim& shim : orders.lingering)
        watch_lingering(std::move(shim));
    if (orders.other) {
        other_ = std::move(*orders.other);
        watch_.add_descriptor(other_.descriptor);
        other_is_ready_ = true;
    }
    changed_.merge(orders.queued);
    if (orders.all_queued) {
        for (JobId& id : client_.queued())
            changed_.insert(std::move(id));
    }
    return true;
}

void Watcher::watch_lingering(LingeringShim shim) {
    const JobId id = shim.id;
    watch_.add_process(id, shim.process);
    lingering_.emplace(id, std::move(shim));
}

void Watcher::wait(std::optional<Clock::time_point> deadline) {
    if (!changed_.empty() || other_is_ready_) deadline = Clock::now();
    take_earlier(deadline, next_overdue());
    take_earlier(deadline, again_at_);
    take_earlier(deadline, other_at_);
    Watch::Changes changes = watch_.wait(deadline, wake_.get());
    std::uint64_t count = 0;
    std::ignore = ::read(wake_.get(), &count, sizeof count);
    continue_stopped_shims();
    other_is_ready_ = other_is_ready_ || changes.added || (other_at_ && Clock::now() >= *other_at_);
    changed_.merge(changes.jobs);
    if (changes.list_again) add_everything(changed_);
    if (again_at_ && Clock::now() >= *again_at_) {
        again_at_.reset();
        changed_.merge(std::exchange(again_, {}));
    }
}

void Watcher::look_at_other() {
    if (!std::exchange(other_is_ready_, false)) return;
    other_at_ = other_.look();
}

void Watcher::add_everything(std::set<JobId>& ids) const {
    for (const auto& [id, job] : running_)
        ids.insert(id);
    for (const auto& [id, shim] : lingering_)
        ids.insert(id);
    for (JobId& id : client_.queued())
        ids.insert(std::move(id));
}

void Watcher::look(const JobId& id) {
    look_at_lingering(id);
    if (running_.count(id) > 0) {
        look_at_running(id);
    } else if (client_.is_queued(id)) {
        look_at_queued(id);
    }
}

void Watcher::look_again_soon(const JobId& id) {
    again_.insert(id);
    if (!again_at_) again_at_ = Clock::now() + kLookAgainAfter;
}

void Watcher::look_at_running(const JobId& id) {
    auto job = store_.load(id);
    Running& running = running_.at(id);
    running.failures = job || is_short_of_descriptors() ? 0 : running.failures + 1;
    if (!job && running.failures < kFailuresToBelieve) return look_again_soon(id);
    if (job && !is_terminal(job->status)) return;
    JobRecord ended = job ? std::move(*job)
                          : ended_unrecorded(running.record, Status::kLost, job.error().message);
    UniqueFd shim = watch_.remove(id);
    running_.erase(id);
    // Before the end is reported, so that a caller that waits for the job and its shim sees both.
    if (shim) add_lingering({id, std::move(shim), ended.spec.lifetime, ended.end.left_behind > 0});
    client_.on_ended(std::move(ended));
}

void Watcher::look_at_lingering(const JobId& id) {
    const auto [first, last] = lingering_.equal_range(id);
    std::vector<LingeringShim> ended;
    for (auto it = first; it != last;) {
        const bool still_runs = reap(it->second.process) == -1;
        if (still_runs) {
            ++it;
            continue;
        }
        watch_.remove_process(it->second.process);
        ended.push_back(std::move(it->second));
        it = lingering_.erase(it);
    }
    for (const LingeringShim& shim : ended)
        on_shim_exit(shim);
}

void Watcher::on_shim_exit(const LingeringShim& shim) {
    // It may have been killed before it had ended what the job left behind.
    if (shim.has_leftovers) store_.end_leftovers(shim.id);
    {
        const Lock lock(mutex_);
        --lingering_count_.all;
        if (shim.lifetime == Lifetime::kSession) --lingering_count_.of_session_jobs;
    }
    client_.on_shim_ended();
}

/// A process that cancels a job takes the job's lock, touches its directory (which wakes this
/// thread), writes status.json, touches the directory again and releases the lock.
void Watcher::look_at_queued(const JobId& id) {
    // The lock is tested before the record: if it was free, a missing record means that the job is
    // not cancelled.
    const bool lock_was_held = store_.is_held_before_start(id);
    if (!store_.has_ended(id)) {
        if (lock_was_held) look_again_soon(id);
        return;
    }
    auto job = store_.load(id);
    if (!job) return look_again_soon(id);
    if (is_terminal(job->status)) client_.on_ended(std::move(*job));
}

/// A command may have stopped its shim, which then misses the deadline.
void Watcher::continue_stopped_shims() {
    const auto now = Clock::now();
    for (auto& [id, job] : running_) {
        if (!job.overdue || now < *job.overdue) continue;
        job.overdue = now + kMargin;
        if (const auto started = store_.started(id))
            send_signal(open_process(started->shim), SIGCONT);
    }
}

std::optional<Clock::time_point> Watcher::next_overdue() const {
    std::optional<Clock::time_point> next;
    for (const auto& [id, job] : running_)
        take_earlier(next, job.overdue);
    return next;
}

}  // namespace tenon::jobs
