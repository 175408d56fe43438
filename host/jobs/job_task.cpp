#include "host/jobs/job_task.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <exception>
#include <fcntl.h>
#include <functional>
#include <poll.h>
#include <tuple>

#include "host/base/clock.h"
#include "host/base/limits.h"
#include "host/jobs/end_file.h"

namespace tenon::jobs {
namespace {

// How long after the timeout a shim counts as stopped.
constexpr std::chrono::milliseconds kShimsMargin{1000};
constexpr std::int64_t kOverdueLookMs = 1000;
constexpr int kShortageLookMs = 50;

}  // namespace

JobRecord ended_unrecorded(JobRecord job, Status status, const std::string& why) {
    job.status = status;
    job.end = {};
    job.end.status = status;
    if (status == Status::kError) job.end.exit_code = 127;
    job.end.ended_ms = wall_clock_ms();
    job.end.reason = why;
    return job;
}

bool is_short_of_descriptors() {
    const UniqueFd probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return !probe && is_shortage(errno);
}

JobTask::JobTask(TaskContext& context, JobRecord job)
    : Poco::Task("job " + job.id),
      context_(context),
      job_(std::move(job)),
      begun_(std::chrono::steady_clock::now()) {}

JobTask::~JobTask() {
    // The starter may drop the last reference. ThreadSanitizer does not see how Poco counts them:
    // this shows it that the thread's work comes before.
    std::ignore = over_.load(std::memory_order_acquire);
}

void JobTask::runTask() {
    try {
        // Also when it must leave: the model and the result were told that the job is running.
        if (auto ended = start()) context_.on_ended(std::move(*ended));
    } catch (const std::exception& e) {
        context_.on_ended(ended_unrecorded(job_, Status::kLost, e.what()));
    }
    context_.on_return(job_);
    over_.store(true, std::memory_order_release);
}

std::optional<JobRecord> JobTask::start() {
    const std::uint64_t cap = context_.budget.reserve(job_.id, job_.spec.output_limit);
    auto shim = launch_shim(context_.shim, context_.store.folder_of(job_.id), cap);
    if (!shim && shim.error().is_shortage) {
        context_.on_shortage(job_.id, shim.error().message);
        return std::nullopt;
    }
    if (!shim) return could_not_start(shim.error().message);
    context_.on_started(job_.id);
    if (!shim->process || !shim->status) {
        context_.on_unwatched(job_);
        return std::nullopt;
    }
    return end_of(std::move(*shim));
}

std::optional<JobRecord> JobTask::end_of(ShimProcess shim) {
    Event event = wait_for(shim, true);
    if (event == Event::kStatusClosed) {
        if (auto end = receive_unrecorded_end(shim.status))
            return end_unrecorded(std::move(shim), *std::move(end));
        if (context_.store.has_ended(job_.id)) {
            auto ended = recorded_end();
            context_.on_lingering({job_.id, std::move(shim.process), job_.spec.lifetime,
                                   ended && ended->end.left_behind > 0});
            return ended;
        }
        event = wait_for(shim, false);  // it has closed the pipe because it has died or is dying
    }
    if (event == Event::kLeave) return std::nullopt;
    const int code = reap(shim.process);
    const auto job = load();
    if (job && job->status == Status::kQueued) {
        return could_not_start("the supervisor " + context_.shim.program.string() +
                               " ended with code " + std::to_string(code));
    }
    return recorded_end();
}

/// The shim could not record the end. If the command has begun, it has ended as the shim says; the
/// shim tries again for a while, and nobody waits for that. If not, the job could not be started.
std::optional<JobRecord> JobTask::end_unrecorded(ShimProcess shim, JobEnd end) {
    context_.on_lingering({job_.id, std::move(shim.process), Lifetime::kPersistent});
    if (end.started_ms == 0) return could_not_start(end.reason);
    JobRecord job = job_;
    job.status = end.status;
    job.started_ms = end.started_ms;
    job.end = std::move(end);
    return job;
}

/// None when the job has not ended after all, or the task must leave before that is known.
std::optional<JobRecord> JobTask::recorded_end() {
    auto job = load();
    if (job && is_terminal(job->status)) return std::move(*job);
    if (!job && must_leave()) return std::nullopt;
    if (!job) return ended_unrecorded(job_, Status::kLost, job.error().message);
    context_.on_unwatched(job_);
    return std::nullopt;
}

/// Waits when there is no descriptor left to read the record with: such a job is not lost.
Result<JobRecord> JobTask::load() {
    auto job = context_.store.load(job_.id);
    for (int failures = 0; !job;) {
        const bool is_short = is_short_of_descriptors();
        failures = is_short ? 0 : failures + 1;
        if (failures >= kFailuresToBelieve || must_leave(kShortageLookMs)) break;
        job = is_short ? load_in_turn() : context_.store.load(job_.id);
    }
    return job;
}

/// Tasks that all read at once take the few descriptors from each other. Used only in a shortage,
/// because loading a lost job takes until its processes are ended.
Result<JobRecord> JobTask::load_in_turn() {
    const Lock lock(context_.reading[std::hash<JobId>()(job_.id) % context_.reading.size()]);
    return context_.store.load(job_.id);
}

JobTask::Event JobTask::wait_for(const ShimProcess& shim, bool for_status) {
    while (true) {
        pollfd ready[] = {{context_.leave, POLLIN, 0},
                          {shim.process.get(), POLLIN, 0},
                          {for_status ? shim.status.get() : -1, POLLIN, 0}};
        const int events = ::poll(ready, 3, until_overdue());
        if (events < 0) continue;
        // A command may have stopped its supervisor, which then misses the deadline.
        if (events == 0) send_signal(shim.process, SIGCONT);
        if (ready[2].revents != 0) return Event::kStatusClosed;
        if (ready[1].revents != 0) return Event::kShimEnded;
        if (ready[0].revents != 0) return Event::kLeave;
    }
}

/// Milliseconds until the shim should have ended the job by itself, and from then on a second. -1:
/// there is no limit.
int JobTask::until_overdue() const {
    const auto deadline = deadline_of(begun_ + kShimsMargin, job_.spec.timeout);
    if (!deadline) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), kOverdueLookMs, INT_MAX));
}

bool JobTask::must_leave(int wait_ms) const {
    pollfd ready{context_.leave, POLLIN, 0};
    return ::poll(&ready, 1, wait_ms) > 0;
}

std::optional<JobRecord> JobTask::could_not_start(const std::string& why) {
    JobEnd end;
    end.status = Status::kError;
    end.exit_code = 127;
    end.reason = why;
    auto ended = context_.store.end_unstarted(job_.id, std::move(end), "tenon: " + why + "\n");
    if (!ended) return ended_unrecorded(job_, Status::kError, why + "; " + ended.error().message);
    if (is_terminal(ended->status)) return std::move(*ended);
    context_.on_unwatched(job_);
    return std::nullopt;
}

}  // namespace tenon::jobs
