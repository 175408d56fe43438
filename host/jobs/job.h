#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/jobs/job_limits.h"
#include "host/sandbox/policy.h"

/// The plain structs of jobs.
namespace tenon::jobs {

using JobId =
    std::string;  ///< 8 lower-case hex digits; checked by is_job_id before it becomes a path

enum class JobKind { kForeground, kBackground };
enum class Lifetime { kSession, kPersistent };
enum class Status { kQueued, kRunning, kCompleted, kError, kTimeout, kCancelled, kLost };

/// The longest time limit that a record can hold: a thousand years.
inline constexpr std::chrono::milliseconds kMostTimeout{31'536'000'000'000};
/// When a time limit that counts from `start` is reached. None: there is no limit, or it is further
/// away than the clock can count.
std::optional<std::chrono::steady_clock::time_point> deadline_of(
    std::chrono::steady_clock::time_point start,
    const std::optional<std::chrono::milliseconds>& timeout);

std::string_view to_string(Status status);
std::optional<Status> status_from(std::string_view text);
/// Completed, error, timeout, cancelled or lost.
bool is_terminal(Status status);

/// What is asked for.
struct JobSpec {
    std::string session;      ///< empty: the job was started by `tenon jobs run`
    std::string workspace;    ///< absolute path
    std::string command;      ///< bash text
    std::string cwd;          ///< absolute path of a folder
    std::string name;         ///< for people; may be empty
    std::string tool_use_id;  ///< the model's call; may be empty
    std::string plugin;       ///< the third-party plugin that asked for it; empty: none
    JobKind kind = JobKind::kBackground;
    std::string subagent;  ///< the subagent whose foreground command it is, or empty; such a job
                           ///< never becomes a background job
    Lifetime lifetime = Lifetime::kSession;
    std::int64_t priority = 0;                         ///< higher first
    std::vector<JobId> after;                          ///< start when these have completed
    std::optional<std::chrono::milliseconds> timeout;  ///< from the start; none: no limit
    std::uint64_t output_limit = 64ULL << 20U;         ///< bytes on disk
    JobLimits limits{};
    bool pid_namespace = false;     ///< it gets one of its own, where one can be made
    sandbox::Policy containment{};  ///< what the command may do; default: off
};

/// How a job ended: the contents of status.json.
struct JobEnd {
    Status status = Status::kLost;
    std::optional<int> exit_code;    ///< when it exited
    std::optional<int> signal;       ///< when a signal ended it
    std::int64_t started_ms = 0;     ///< wall clock; 0: never started
    std::int64_t ended_ms = 0;       ///< wall clock
    std::int64_t ended_boot_ms = 0;  ///< since the boot `boot_id`, suspend included; 0: not known
    std::string boot_id;             ///< the boot in which this was written
    std::int64_t duration_ms = 0;    ///< monotonic
    std::int64_t user_us = 0;        ///< CPU of the whole tree
    std::int64_t system_us = 0;
    std::int64_t max_rss_kib = 0;
    std::uint64_t output_bytes = 0;   ///< all that was printed
    std::uint64_t omitted_bytes = 0;  ///< how much of that was not kept
    std::string ended_by;             ///< who ended it when it did not end by itself: "timeout",
                                      ///< the tool that cancelled it, …
    std::string reason;               ///< why it is lost, or could not be started or written
    int left_behind = 0;  ///< processes that were still there when bash, or the supervisor of a
                          ///< lost job, had ended; they were ended
    int survivors = 0;    ///< processes that even SIGKILL did not end in time
    std::optional<LimitReached> limit;  ///< the limit that it was ended for
    std::string no_pid_namespace;       ///< why it had no PID namespace although one was asked for
};

/// One job as the store knows it.
struct JobRecord {
    JobId id;
    JobSpec spec;
    std::int64_t submitted_ms = 0;  ///< wall clock
    std::int64_t submitted_ns = 0;  ///< since the boot `boot_id`, suspend included
    std::string boot_id;            ///< the boot in which it was submitted
    std::string host;               ///< the machine on which it was submitted; old records: empty
    Status status = Status::kQueued;
    std::int64_t started_ms = 0;       ///< wall clock; 0: not yet
    std::int64_t started_boot_ms = 0;  ///< of a running job, since this boot; 0: not known
    JobEnd end;                        ///< meaningful when is_terminal(status)
};

/// This machine's name, as it was when the process first asked.
const std::string& host_name();
/// Whether the job belongs to another machine that shares the state directory. Only that machine
/// knows whether the job runs, and only it may start or end the job or record it as lost.
bool is_elsewhere(const JobRecord& job);

/// When a running job started, on a wall clock that was never set since: the wall clock's time now
/// less the time that the job has run. For other jobs `started_ms`.
std::int64_t start_by_this_clock(const JobRecord& job);
/// Sets `started_ms` to that.
void correct_start(JobRecord& job);

}  // namespace tenon::jobs
