#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/jobs/queue.h"

namespace tenon::sitting {

/// The contents of the last line of the screen.
struct SessionStatus {
    std::size_t questions = 0;          ///< the one that is shown, and those that wait behind it
    std::int64_t working_since_ms = 0;  ///< wall clock; 0: idle
    jobs::QueueLoad jobs;
    std::size_t queued_prompts = 0;
    std::string mode;                    ///< of permissions, as the line names it; empty: ask
    std::int64_t context_tokens = 0;     ///< of the conversation, as the last answer counted them
    std::optional<std::int64_t> window;  ///< of the model, in tokens
    std::string model;
    std::string instead;  ///< the fallback model that gave the last answer; empty: none did
};

/// "1 question · working 5s · 2 jobs (1m05s), 1 job queued · 1 prompt queued · plan · 12k of 200k,
/// 6 % · fable". Where that is wider than `columns`, parts are left out from the right; the first
/// part is cut. The line of an idle session is not redrawn each second, so it has the time when the
/// oldest job began instead of its duration.
std::string status_line(const SessionStatus& status, std::int64_t now_ms, std::size_t columns);

/// "12k of 200k, 6 %", without a window "12k tokens"; empty for 0 tokens.
std::string context_text(std::int64_t tokens, std::optional<std::int64_t> window);

/// "59s", "1m05s": for rows that are made again each second.
std::string seconds_text(std::int64_t duration_ms);

/// "14:03", in the local time zone.
std::string clock_time(std::int64_t wall_ms);

/// "999", "1.3k", "12k", "1.2M"
std::string short_count(std::int64_t number);

}  // namespace tenon::sitting
