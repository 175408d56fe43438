#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/event.h"
#include "host/ui/style.h"

/// Lines that state how a call or a job is doing: `● what (12 s, exit 3)`. Pure functions.
namespace tenon::ui {

struct Mark {
    std::string_view sign;
    Look look;
};
inline constexpr Mark kRunning{"○", kDim};
inline constexpr Mark kSucceeded{"●", kGood};
inline constexpr Mark kFailed{"✗", kBad};

/// The details in brackets at the end of the line.
using Details = std::vector<std::string>;
/// Adds `time` if it is at least a second.
void add_time(Details& details, std::chrono::milliseconds time);
/// ` (12 s, exit 3)`, or empty.
std::string in_brackets(const Details& details);

/// One line of at most `width`: `what` is cut where that is needed, `behind` is not. `what` must be
/// harmless already (base/untrusted) and may be styled.
std::string status_line(const Mark& mark, std::string_view what, std::string_view behind,
                        std::size_t width, Style style);

bool has_ended(const agent::JobChanged& job);
/// Whether it has ended as error, timeout or lost.
bool has_job_failed(const agent::JobChanged& job);

/// `● job 1a2b3c4d completed: npm test (12 s)`, in one line of at most `width`; with the name of a
/// job that has one: `completed: unit: npm test`.
std::string job_line(const agent::JobChanged& job, std::size_t width, Style style);

}  // namespace tenon::ui
