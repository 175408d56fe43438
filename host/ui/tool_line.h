#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/event.h"
#include "host/ui/style.h"

/// Tool calls as a person follows them. Pure functions; everything from the call and its result is
/// made harmless here.
namespace tenon::ui {

/// A call that runs: `○ bash npm test (3 s) note`. One line that fits.
std::string running_tool_line(const agent::ToolStarted& call, std::chrono::milliseconds elapsed,
                              std::string_view note, std::size_t width, Style style);

/// A call that has ended: `● bash npm test (12 s, exit 3)`, or `✗ …` when it failed or was refused.
/// The time stands from one second on. One line that fits.
std::string finished_tool_line(const agent::ToolFinished& call, std::size_t width, Style style);

/// What is shown below it, as the tool's facts say: at most five lines of output, a checklist, a
/// diff. Long output is folded, which `… +N lines` says.
std::vector<std::string> tool_output_lines(const agent::ToolFinished& call, std::size_t width,
                                           Style style);

}  // namespace tenon::ui
