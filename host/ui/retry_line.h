#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/event.h"

/// The wait for the next attempt of a request, for a person. Pure functions. They make the
/// failure's text harmless.
namespace tenon::ui {

/// "overloaded (529)", "Connection refused (localhost:8080)"
std::string retry_reason(const agent::RetryScheduled& event);

/// "attempt 3 of 10"
std::string attempt_words(const agent::RetryScheduled& event);

/// "overloaded (529); attempt 3 of 10 in 12 s", and `more`, in rows of at most `columns`. A number
/// and its unit are in one row. Where that needs more than `max_rows`, it is shorter: the beginning
/// of the reason, and "3 of 10 in 12 s" in the last row. Without the time once nothing is left.
std::vector<std::string> retry_rows(const agent::RetryScheduled& event,
                                    std::chrono::milliseconds left, std::size_t columns,
                                    std::size_t max_rows, std::string_view more = {});

}  // namespace tenon::ui
