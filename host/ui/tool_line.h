#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/event.h"
#include "host/ui/style.h"

/// Tool calls as lines for a person. Pure functions. They make all text of the call and its result
/// harmless.
namespace tenon::ui {

/// Whether the call has started a job that an event of its own reports (agent::JobChanged): the
/// line of that event is enough. Not when the job is still queued.
bool has_started_job(const agent::ToolFinished& call);

/// A running call, in one line of at most `width`: `○ bash npm test (3 s) note`. A note that only
/// repeats the subject is left out.
std::string running_tool_line(const agent::ToolStarted& call, std::chrono::milliseconds elapsed,
                              std::string_view note, std::size_t width, Style style);

/// A call that has ended, in one line of at most `width`: `● bash npm test (12 s)`, or with `✗`
/// when it failed or was refused: `✗ bash npm test (exit 3)`. The time is shown from one second on.
/// `before` is the file that the call has changed, as it was before it, where that is known.
std::string finished_tool_line(const agent::ToolFinished& call, std::size_t width, Style style,
                               std::optional<std::string_view> before = {});

/// The items of a list, in rows of at most `width`: `[x] done`, `[>] under way`, `[ ] to do`.
std::vector<std::string> checklist_lines(const Json& items, std::size_t width, Style style);

}  // namespace tenon::ui
