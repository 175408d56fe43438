#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/cli/screen.h"
#include "host/jobs/job.h"

/// Jobs as text for people and as JSON for programs. Pure functions; the records may hold any text.
namespace tenon::cli {

/// One job as `--json` prints it. The duration of a running job is counted up to `now_ms`.
Json to_json(const jobs::JobRecord& job, std::int64_t now_ms);

/// "350ms", "4.2s", "3m05s", "2h07m", "12d03h"
std::string in_short(std::int64_t duration_ms);
/// How long the job ran, or has run until `now_ms`; nothing when it never ran.
std::optional<std::int64_t> duration_of(const jobs::JobRecord& job, std::int64_t now_ms);

enum class JobsOf { kAnySession, kOneSession };
/// A table with one line for each job, in the given order, no wider than the screen. Without jobs
/// there are no lines. Jobs of one session have no column for it.
std::vector<std::string> jobs_table(std::span<const jobs::JobRecord> jobs, const Screen& screen,
                                    std::int64_t now_ms, JobsOf of = JobsOf::kAnySession);

enum class ShownTime { kUtc, kLocal };
/// Everything about one job, one line for each fact. `supervised`: its supervisor still runs.
std::string describe(const jobs::JobRecord& job, bool supervised, std::int64_t now_ms,
                     ShownTime time = ShownTime::kUtc);

/// The bash text that runs exactly these words.
std::string quoted_for_bash(std::span<const std::string> words);
std::string quoted_for_bash(const std::string& word);

}  // namespace tenon::cli
