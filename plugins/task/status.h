#pragma once

#include <optional>
#include <string>
#include <string_view>

/// How far a todo or a task is.
namespace tenon::task {

enum class Status { kPending, kInProgress, kCompleted };

/// pending, in_progress or completed; nothing for any other word.
std::optional<Status> status_from(std::string_view name);
const char* name_of(Status status);
/// `[ ]`, `[>]`, `[x]`
const char* mark_of(Status status);

/// `text` on one line: control characters are blanks, none stand at its ends.
std::string one_line(std::string_view text);

}  // namespace tenon::task
