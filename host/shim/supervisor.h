#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "host/base/unique_fd.h"
#include "host/jobs/end_file.h"
#include "host/jobs/job.h"
#include "host/sandbox/confinement.h"
#include "host/shim/limit_watch.h"
#include "host/shim/pid_namespace.h"
#include "host/shim/spool.h"

namespace tenon::shim {

/// Supervises one command from its start to its terminal record. The job's lock is held by the
/// caller. Has one thread, which blocks in `run`.
class Supervisor {
public:
    /// `folder` is the job's folder, open. `end_file` has the space of the terminal record.
    /// `starter` is closed when status.json was written (and synced, except for a short foreground
    /// command); if it cannot be written after all, the record is sent there before. The command
    /// runs in `confinement`, which outlives this object.
    Supervisor(int folder, jobs::JobSpec job, sandbox::Confinement& confinement,
               std::uint64_t output_cap, UniqueFd starter, jobs::EndFile end_file);

    /// Returns when nothing of the command is left to supervise. False: status.json could not be
    /// written.
    bool run();
    /// Instead of `run`, for a command that cannot be started at all.
    bool refuse(const std::string& reason);
    /// After `run` or `refuse`, if status.json could not be written: tries again for a while. The
    /// job's lock is held meanwhile, so that the job does not count as lost. Also returns at a
    /// request to end.
    void record_later();

private:
    using Clock = std::chrono::steady_clock;

    bool start();
    void wait_for_end();
    void let_stragglers_finish();
    void supervise_left_behind();
    void end_tree();
    void pump(Clock::time_point until);
    void take_signals();
    void reap();
    void take_reported_status();
    void kill_round();
    void read_output(std::size_t at_most);
    void read_waiting_output();
    void note_why_it_must_end();
    [[nodiscard]] bool must_end() const;
    bool publish(jobs::JobEnd end);
    void complete(jobs::JobEnd& end);
    bool record(const jobs::JobEnd& end);
    [[nodiscard]] bool folder_is_gone() const;
    [[nodiscard]] jobs::JobEnd how_it_ended() const;

    int folder_;
    jobs::JobSpec job_;
    sandbox::Confinement& confinement_;
    UniqueFd starter_;
    UniqueFd signals_;
    UniqueFd output_;  // read end; none when every writer has closed its end
    jobs::EndFile end_file_;
    jobs::JobEnd unrecorded_;  // when status.json could not be written
    Spool spool_;
    bool keep_output_ = true;
    Clock::time_point started_;
    std::int64_t started_ms_;
    std::optional<Clock::time_point> deadline_;
    pid_t bash_ = 0;  // in a PID namespace, its init
    bool in_namespace_ = false;
    pid_t root_ = 0;  // its descendants are the job's processes: this process, or that init
    Placement place_;
    LimitWatch limits_;
    std::optional<int> bash_status_;  // as waitpid gave it
    bool children_left_ = true;
    bool end_requested_ = false;  // SIGTERM came
    bool timed_out_ = false;
    std::string ended_by_;
    std::optional<jobs::LimitReached> limit_;  // that ended it
    int left_behind_ = 0;
    int survivors_ = 0;
};

}  // namespace tenon::shim
