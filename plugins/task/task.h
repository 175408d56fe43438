#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "plugins/task/status.h"

namespace tenon::task {

using OrderedJson = nlohmann::ordered_json;  ///< keeps the order of the members of a file

using TaskId = std::int64_t;
constexpr TaskId kMaxTaskId = 999'999'999'999'999;
constexpr std::size_t kMaxTaskBytes = 1U << 20U;

/// One piece of work that outlives the session, as its file describes it.
struct Task {
    TaskId id = 0;
    std::string subject;  ///< not blank; one line, unless another program wrote the file
    std::string description;
    Status status = Status::kPending;
    std::set<TaskId> blocked_by, blocks;
    std::string owner;  ///< one line; empty: nobody's

    /// Members of the file that are unknown here: they are written back unchanged.
    OrderedJson others = OrderedJson::object();
};

/// Reads the bytes of a task's file, `task_<id>.json`. Throws Failure, which says what is wrong
/// with them. Lists, description and owner may be missing.
Task task_from(std::string_view bytes, TaskId id);
/// A JSON value as the id of a task; none when it is not an id. 2.0 is 2, as in JSON Schema.
std::optional<TaskId> task_id_in(const nlohmann::json& value);
/// The members that an answer shows: id, subject, description, status, blockedBy, blocks, owner.
OrderedJson known_members(const Task& task);
std::string shown(const Task& task);
/// The contents of its file.
std::string file_text(const Task& task);

/// `[ ] 2: build (blocked by: 1) (owner: x)`
std::string line_of(const Task& task);

/// The id in `task_<id>.json`; none for any other name.
std::optional<TaskId> id_in(std::string_view file_name);
std::string file_name_of(TaskId id);

/// "1, 2, 3"
std::string listed(const std::set<TaskId>& ids);

}  // namespace tenon::task
