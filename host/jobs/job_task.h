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

/// What the tasks of one queue share. Outlives them; the functions are called from task threads and
/// do not throw.
struct TaskSurroundings {
    const Store& store;
    const Shim& shim;
    OutputBudget& budget;
    int leave = -1;  ///< becomes readable when tasks shall return and let their jobs be
    std::function<void(const JobId&)> on_started;
    std::function<void(JobRecord)> on_ended;
    /// Nothing of the job has begun, for want of descriptors or processes. The task is over.
    std::function<void(const JobId&, const std::string& why)> on_shortage;
    /// The job runs, but this task cannot watch it: it has no descriptors for the shim, or another
    /// shim has the job. The task is over.
    std::function<void(const JobRecord&)> on_unwatched;
    std::function<void(LingeringShim)> on_lingering;  ///< before on_ended
    std::function<void(const JobRecord&)> on_return;  ///< the last thing of every task
    /// Each reading of a record takes descriptors: where they are short, so many tasks at once.
    std::array<Mutex, 4> reading{};
};

/// The record of a job that has ended and of whose end there is no record to be had.
JobRecord ended_unrecorded(JobRecord job, Status status, const std::string& why);
/// Whether a record could not be read only because this process has no descriptor left: then it
/// can be read later.
bool is_short_of_descriptors();
/// So many failures to read a record in succession, with descriptors left after each, mean that it
/// cannot be read. There may be one again a moment after there was none to read with.
constexpr int kFailuresToBelieve = 3;

/// The thread of one job that this host starts: starts its shim and waits for the terminal record.
/// The job goes on when the task is told to leave.
class JobTask : public Poco::Task {
public:
    JobTask(TaskSurroundings& surroundings, JobRecord job);
    ~JobTask() override;
    void runTask() override;

private:
    enum class News { kShimEnded, kStatus, kLeave };

    std::optional<JobRecord> start();
    std::optional<JobRecord> end_of(ShimProcess shim);
    std::optional<JobRecord> recorded_end();
    Result<JobRecord> load();
    Result<JobRecord> load_in_turn();
    News wait_for(const ShimProcess& shim, bool for_status);
    [[nodiscard]] bool told_to_leave(int wait_ms = 0) const;
    [[nodiscard]] int until_overdue() const;
    std::optional<JobRecord> end_unrecorded(ShimProcess shim, JobEnd end);
    std::optional<JobRecord> could_not_start(const std::string& why);

    TaskSurroundings& around_;
    JobRecord job_;
    std::chrono::steady_clock::time_point begun_;
    std::atomic<bool> over_ = false;
};

}  // namespace tenon::jobs
