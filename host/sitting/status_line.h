#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/agent/message.h"
#include "host/jobs/queue.h"

namespace tenon::sitting {

/// The contents of the last line of the screen.
struct SessionStatus {
    std::string model;
    std::int64_t turns = 0;  ///< exchanges since the session was opened, with the present one
    agent::Usage last;       ///< of the last answer
    jobs::QueueLoad jobs;
    std::size_t queued_prompts = 0;
    std::size_t waiting_questions = 0;
    std::int64_t working_since_ms = 0;  ///< wall clock; 0: idle
};

/// "fable · turn 3 · 12.3k tokens, 87% cached · 2 jobs (1m05s), 1 queued · working 5s". The line of
/// an idle session is not redrawn each second, so it has the time when the oldest job began instead
/// of its duration.
std::string status_line(const SessionStatus& status, std::int64_t now_ms);

/// "999", "12.3k", "1.2M"
std::string short_count(std::int64_t number);

}  // namespace tenon::sitting
