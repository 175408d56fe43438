#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/base/secrets.h"
#include "host/cli/screen.h"
#include "host/jobs/job.h"

/// Jobs as people and programs read them. Pure functions; the records may hold anything.
namespace tenon::cli {

/// One job of `--json`. `now_ms`: the duration of what still runs counts up to here.
Json to_json(const jobs::JobRecord& job, std::int64_t now_ms);

/// "350ms", "4.2s", "3m05s", "2h07m", "12d03h"
std::string in_short(std::int64_t duration_ms);
/// How long it ran, up to now where it still does; none when it never did.
std::optional<std::int64_t> duration_of(const jobs::JobRecord& job, std::int64_t now_ms);

/// A table, one line a job, no wider than the screen, in the order given. No line at all for none.
std::vector<std::string> jobs_table(std::span<const jobs::JobRecord> jobs, const Screen& screen,
                                    std::int64_t now_ms);

/// Everything about one job, a line each. `supervised`: its shim still lives.
std::string describe(const jobs::JobRecord& job, bool supervised, std::int64_t now_ms);

/// Words as the one line of bash text that runs exactly them.
std::string quoted_for_bash(std::span<const std::string> words);

}  // namespace tenon::cli
