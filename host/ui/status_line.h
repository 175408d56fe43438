#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/event.h"
#include "host/ui/style.h"

/// The one shape of a line that tells how something goes: `● what (12 s, exit 3)`. Pure functions.
namespace tenon::ui {

struct Mark {
    std::string_view sign;
    Look look;
};
inline constexpr Mark kGoesOn{"○", kDim};
inline constexpr Mark kWentWell{"●", kGood};
inline constexpr Mark kWentWrong{"✗", kBad};

/// What stands in brackets behind it. Times are told from one second on.
using Details = std::vector<std::string>;
void add_time(Details& details, std::chrono::milliseconds time);
/// ` (12 s, exit 3)`, or nothing.
std::string in_brackets(const Details& details);

/// One line that fits: `what`, which is harmless and may be styled, gives way to what is `behind`
/// it.
std::string status_line(const Mark& mark, std::string_view what, std::string_view behind,
                        std::size_t width, Style style);

bool is_over(const agent::JobChanged& job);

/// `● job 1a2b3c4d completed: npm test (12 s)`. One line that fits; `time` is what it took, where
/// that is known.
std::string job_line(const agent::JobChanged& job, std::optional<std::chrono::milliseconds> time,
                     std::size_t width, Style style);

}  // namespace tenon::ui
