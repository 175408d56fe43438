#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <Poco/Task.h>

#include "host/jobs/launch.h"
#include "host/jobs/output_budget.h"
#include "host/jobs/store.h"

namespace tenon::jobs {

/// A shim that goes on after its job has ended, and must be reaped some time.
struct LingeringShim {
    JobId id;
    UniqueFd process;
    Lifetime lifetime = Lifetime::kSession;
    bool left_behind = false;  ///< it may be ending what the job has left
};

/// What the tasks of one queue share. Outlives them; the functions are called from task threads and
/// do not throw.
struct TaskSurroundings {
    const Store& store;
    const Shim& shim;
    OutputBudget& budget;
    int leave = -1;  ///< becomes readable when tasks shall return and let their jobs be
    std::function<void(const JobId&)> on_started;
    std::function<void(JobRecord)> on_ended;
    std::function<void(LingeringShim)> on_lingering;
    std::function<void()> on_return;  ///< the last thing of every task
};

/// The thread of one running job: starts its shim, or finds the one that runs, and waits for the
/// terminal record. The job goes on when the task is told to leave.
class JobTask : public Poco::Task {
public:
    enum class Begin { kStart, kAdopt };
    JobTask(TaskSurroundings& surroundings, JobRecord job, Begin begin);
    ~JobTask() override;
    void runTask() override;

private:
    enum class News { kShimEnded, kStatus, kLeave };

    std::optional<JobRecord> supervise();
    std::optional<JobRecord> start();
    std::optional<JobRecord> watch_other_shim();
    News wait_for(const ShimProcess& shim, bool for_status);
    [[nodiscard]] bool told_to_leave() const;
    [[nodiscard]] int until_overdue() const;
    [[nodiscard]] bool is_overdue() const;
    JobRecord end_unrecorded(ShimProcess shim, JobEnd end);
    JobRecord could_not_start(const std::string& why);
    JobRecord ended_unrecorded(Status status, const std::string& why) const;

    TaskSurroundings& around_;
    JobRecord job_;
    Begin begin_;
    std::chrono::steady_clock::time_point begun_;
    std::atomic<bool> over_ = false;
};

}  // namespace tenon::jobs
