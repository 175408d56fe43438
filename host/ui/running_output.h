#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/ui/style.h"

/// What running commands have printed last, as rows below their calls. Pure functions.
namespace tenon::ui {

struct RunningOutput {
    std::string tool_use_id;         ///< of the call that runs the command
    bool of_subagent = false;        ///< the call is a subagent's
    std::vector<std::string> lines;  ///< harmless, oldest first
};

/// The rows below each of the calls, in order, together at most `max_rows`, which the calls share:
/// at most five lines each, and below the last call that is not a subagent's the key that moves it
/// to the background. `width` is that of the screen.
std::vector<std::vector<std::string>> running_output_rows(
    const std::vector<const RunningOutput*>& outputs, std::size_t max_rows, std::size_t width,
    Style style);

}  // namespace tenon::ui
