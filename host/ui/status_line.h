#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace tenon::ui
