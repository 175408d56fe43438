#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <Poco/Task.h>

#include "host/jobs/launch.h"
#include "host/jobs/output_budget.h"
#include "host/jobs/store.h"
#include "host/jobs/watcher.h"

namespace tenon::jobs {

/// What the tasks of one queue share. It outlives them. The functions are called on task threads
/// and do not throw.
struct TaskContext {
    const Store& store;
    const Shim& shim;
    OutputBudget& budget;
    int leave = -1;  ///< becomes readable when tasks must return, while their jobs go on
    std::function<void(const JobId&)> on_started;
    std::function<void(JobRecord)> on_ended;
    /// Nothing of the job has begun, for want of descriptors or processes. The task is over.
    std::function<void(const JobId&, const std::string& why)> on_shortage;
    /// The job runs, but this task cannot watch it: it has no descriptors for the shim, or another
    /// shim has the job. The task is over.
    std::function<void(const JobRecord&)> on_unwatched;
    std::function<void(LingeringShim)> on_lingering;  ///< before on_ended
    std::function<void(const JobRecord&)> on_return;  ///< the last thing of every task
    /// Reading a record takes descriptors. In a shortage, no more tasks than this read at a time.
    std::array<Mutex, 4> reading{};
};

/// The record of a job that has ended, for the case that its end cannot be read or written.
JobRecord ended_unrecorded(JobRecord job, Status status, const std::string& why);
/// Whether this process has no descriptor left. Then a record that could not be read can be read
/// later.
bool is_short_of_descriptors();
/// A record counts as unreadable after so many failed attempts in succession, each with descriptors
/// left after it. One is not enough: a descriptor may have become free only after the attempt.
constexpr int kFailuresToBelieve = 3;

/// The thread of one job that this host starts. It starts the shim and waits for the terminal
/// record. When it must leave before, the job goes on.
class JobTask : public Poco::Task {
public:
    JobTask(TaskContext& context, JobRecord job);
    ~JobTask() override;
    void runTask() override;

private:
    enum class Event { kShimEnded, kStatusClosed, kLeave };

    std::optional<JobRecord> start();
    std::optional<JobRecord> end_of(ShimProcess shim);
    std::optional<JobRecord> recorded_end();
    Result<JobRecord> load();
    Result<JobRecord> load_in_turn();
    Event wait_for(const ShimProcess& shim, bool for_status);
    [[nodiscard]] bool must_leave(int wait_ms = 0) const;
    [[nodiscard]] int until_overdue() const;
    std::optional<JobRecord> end_unrecorded(ShimProcess shim, JobEnd end);
    std::optional<JobRecord> could_not_start(const std::string& why);

    TaskContext& context_;
    JobRecord job_;
    std::chrono::steady_clock::time_point begun_;
    std::atomic<bool> over_ = false;
};

}  // namespace tenon::jobs
