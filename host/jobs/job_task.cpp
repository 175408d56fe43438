#include "host/jobs/job_task.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <exception>
#include <poll.h>
#include <tuple>

#include "host/base/clock.h"
#include "host/jobs/end_file.h"

namespace tenon::jobs {
namespace {

// A shim that is not our child tells nobody when it has written the status: look.
constexpr int kLookMs = 50;
// What a shim may take beyond the timeout before it is taken for stopped.
constexpr std::chrono::milliseconds kShimsMargin{1000};
constexpr std::int64_t kOverdueLookMs = 1000;

}  // namespace

JobTask::JobTask(TaskSurroundings& surroundings, JobRecord job, Begin begin)
    : Poco::Task("job " + job.id),
      around_(surroundings),
      job_(std::move(job)),
      begin_(begin),
      begun_(std::chrono::steady_clock::now()) {
    if (begin == Begin::kAdopt && job_.started_boot_ms > 0)
        begun_ -= std::chrono::milliseconds(boot_clock_ms() - job_.started_boot_ms);
}

JobTask::~JobTask() {
    // The starter may drop the last reference. Poco counts them where ThreadSanitizer does not see
    // it: say once more that the thread's work comes before.
    std::ignore = over_.load(std::memory_order_acquire);
}

void JobTask::runTask() {
    try {
        if (auto ended = supervise()) around_.on_ended(std::move(*ended));
    } catch (const std::exception& e) {
        around_.on_ended(ended_unrecorded(Status::kLost, e.what()));
    }
    around_.on_return();
    over_.store(true, std::memory_order_release);
}

std::optional<JobRecord> JobTask::supervise() {
    if (begin_ == Begin::kStart) {
        if (told_to_leave()) return std::nullopt;
        return start();
    }
    around_.budget.measure(job_.id);
    return watch_other_shim();
}

std::optional<JobRecord> JobTask::start() {
    const std::uint64_t cap = around_.budget.reserve(job_.id, job_.spec.output_limit);
    auto shim = launch_shim(around_.shim, around_.store.folder_of(job_.id), cap);
    if (!shim) return could_not_start(shim.error().message);
    around_.on_started(job_.id);
    News news = wait_for(*shim, true);
    if (news == News::kStatus) {
        if (auto end = receive_unrecorded_end(shim->news))
            return end_unrecorded(*std::move(shim), *std::move(end));
        if (around_.store.has_ended(job_.id)) {
            auto ended = watch_other_shim();
            around_.on_lingering({job_.id, std::move(shim->process), job_.spec.lifetime,
                                  ended && ended->end.left_behind > 0});
            return ended;
        }
        news = wait_for(*shim, false);  // it hung up because it died, or is about to
    }
    if (news == News::kLeave) return std::nullopt;
    const int code = reap(shim->process);
    auto job = around_.store.load(job_.id);
    if (job && job->status == Status::kQueued) {
        return could_not_start("the supervisor " + around_.shim.program.string() +
                               " ended with code " + std::to_string(code));
    }
    return watch_other_shim();
}

/// The shim could record nothing. What has begun has ended as it says; it may try again for a
/// while, which nobody waits for. What has not begun is written off.
JobRecord JobTask::end_unrecorded(ShimProcess shim, JobEnd end) {
    around_.on_lingering({job_.id, std::move(shim.process), Lifetime::kPersistent});
    if (end.started_ms == 0) return could_not_start(end.reason);
    JobRecord job = job_;
    job.status = end.status;
    job.started_ms = end.started_ms;
    job.end = std::move(end);
    return job;
}

/// Also for our own shim when the status stands: reads it.
std::optional<JobRecord> JobTask::watch_other_shim() {
    while (true) {
        auto job = around_.store.load(job_.id);
        if (!job) return ended_unrecorded(Status::kLost, job.error().message);
        if (is_terminal(job->status)) return std::move(*job);
        UniqueFd process;
        if (auto shim = around_.store.started(job_.id)) process = open_process(shim->shim);
        // Once in any case: whoever settles it, or a command that was just being started, may hold
        // the lock of a dead shim for a while.
        bool shim_lives = true;
        do {
            pollfd ready[] = {{around_.leave, POLLIN, 0}, {process.get(), POLLIN, 0}};
            if (::poll(ready, 2, kLookMs) == 0 && is_overdue()) send_signal(process, SIGCONT);
            if (ready[0].revents != 0) return std::nullopt;
            shim_lives = process && ready[1].revents == 0;
        } while (shim_lives && !around_.store.has_ended(job_.id));
    }
}

JobTask::News JobTask::wait_for(const ShimProcess& shim, bool for_status) {
    while (true) {
        pollfd ready[] = {{around_.leave, POLLIN, 0},
                          {shim.process.get(), POLLIN, 0},
                          {for_status ? shim.news.get() : -1, POLLIN, 0}};
        const int events = ::poll(ready, 3, until_overdue());
        if (events < 0) continue;
        // A command may have stopped its supervisor, which then misses the deadline: wake it.
        if (events == 0) send_signal(shim.process, SIGCONT);
        if (ready[2].revents != 0) return News::kStatus;
        if (ready[1].revents != 0) return News::kShimEnded;
        if (ready[0].revents != 0) return News::kLeave;
    }
}

/// Milliseconds until the shim should have ended the job by itself; then every second. -1: never.
int JobTask::until_overdue() const {
    if (!job_.spec.timeout) return -1;
    const auto overdue = begun_ + *job_.spec.timeout + kShimsMargin;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(overdue - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), kOverdueLookMs, INT_MAX));
}

bool JobTask::is_overdue() const {
    return job_.spec.timeout &&
           std::chrono::steady_clock::now() > begun_ + *job_.spec.timeout + kShimsMargin;
}

bool JobTask::told_to_leave() const {
    pollfd ready{around_.leave, POLLIN, 0};
    return ::poll(&ready, 1, 0) > 0;
}

JobRecord JobTask::could_not_start(const std::string& why) {
    JobEnd end;
    end.status = Status::kError;
    end.exit_code = 127;
    end.reason = why;
    auto ended = around_.store.end_unstarted(job_.id, std::move(end), "tenon: " + why + "\n");
    if (!ended) return ended_unrecorded(Status::kError, why + "; " + ended.error().message);
    if (is_terminal(ended->status)) return std::move(*ended);
    return watch_other_shim().value_or(std::move(*ended));
}

JobRecord JobTask::ended_unrecorded(Status status, const std::string& why) const {
    JobRecord job = job_;
    job.status = status;
    job.end.status = status;
    if (status == Status::kError) job.end.exit_code = 127;
    job.end.ended_ms = wall_clock_ms();
    job.end.reason = why;
    return job;
}

}  // namespace tenon::jobs
