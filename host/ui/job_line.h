#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "host/agent/event.h"
#include "host/ui/style.h"

namespace tenon::ui {

bool is_over(const agent::JobChanged& job);

/// `● job 1a2b3c4d completed: npm test (12 s)`. One line that fits; `time` is what it took, where
/// that is known.
std::string job_line(const agent::JobChanged& job, std::optional<std::chrono::milliseconds> time,
                     std::size_t width, Style style);

}  // namespace tenon::ui
