#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "host/base/unique_fd.h"
#include "host/jobs/job.h"
#include "host/shim/spool.h"

namespace tenon::shim {

/// One command from its start to its terminal record. Holds everything that the command's end
/// depends on; the job's lock is the caller's. One thread, which blocks in `run`.
class Supervisor {
public:
    /// `folder` is the job's, open; `announce` is closed when status.json stands (and is synced,
    /// but for a short foreground command).
    Supervisor(int folder, jobs::JobSpec job, std::uint64_t output_cap, UniqueFd announce);

    /// Returns when nothing of the command is left to look after. False: status.json could not be
    /// written.
    bool run();
    /// Instead of `run`, for what cannot be started at all.
    bool refuse(const std::string& reason);

private:
    using Clock = std::chrono::steady_clock;

    bool start();
    void wait_for_end();
    void let_stragglers_finish();
    void look_after_left_behind();
    void end_tree();
    void pump(Clock::time_point until);
    void take_signals();
    void reap();
    void read_output(std::size_t at_most);
    void read_waiting_output();
    void take_order_to_end();
    [[nodiscard]] bool must_end() const;
    void prepare_status_file();
    bool publish(jobs::JobEnd end);
    bool write_status(const std::string& text, bool sync);
    [[nodiscard]] jobs::JobEnd how_it_ended() const;

    int folder_;
    jobs::JobSpec job_;
    UniqueFd announce_;
    UniqueFd signals_;
    UniqueFd output_;  // read end; none once every writer has closed
    UniqueFd status_file_;
    Spool spool_;
    bool keep_output_ = true;
    Clock::time_point started_;
    std::int64_t started_ms_;
    std::optional<Clock::time_point> deadline_;
    pid_t bash_ = 0;
    std::optional<int> bash_status_;  // as waitpid gave it
    bool children_left_ = true;
    bool order_to_end_ = false;  // SIGTERM came
    bool timed_out_ = false;
    std::string ended_by_;
    int left_behind_ = 0;
    int survivors_ = 0;
};

}  // namespace tenon::shim
