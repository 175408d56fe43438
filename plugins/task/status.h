#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The progress of a todo or a task.
namespace tenon::task {

enum class Status { kPending, kInProgress, kCompleted };

/// pending, in_progress or completed; none for any other text.
std::optional<Status> status_from(std::string_view name);
const char* name_of(Status status);
/// `[ ]`, `[>]`, `[x]`
const char* mark_of(Status status);

/// `text` on one line: control characters become blanks, and there are no blanks at its ends.
std::string one_line(std::string_view text);

}  // namespace tenon::task
