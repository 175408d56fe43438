#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"
#include "host/config/settings.h"

/// The tasks of a workspace, for commands that show them. The plugin that keeps the tasks reads and
/// checks their files; this room does not know their format.
namespace tenon::cli {

/// One task as the plugin states it. Texts are valid UTF-8.
struct Task {
    std::int64_t id = 0;
    std::string subject, description;
    std::string status;  ///< pending, in_progress or completed
    std::set<std::int64_t> blocked_by, blocks;
    std::string owner;  ///< empty: nobody's
};

struct WorkspaceTasks {
    std::vector<Task> tasks;            ///< by id; both sides of every dependency agree
    std::vector<std::string> problems;  ///< files that cannot be used, each with its reason
};

/// Loads the plugins of this installation and returns the tasks of the first plugin that keeps
/// tasks (see tenon_context). Opens no session and runs no third-party plugin. Blocks on files.
/// Error: no such plugin is loaded, or it cannot read the tasks.
Result<WorkspaceTasks> read_workspace_tasks(const config::Settings& settings);

/// {"id","subject","description","status","blockedBy","blocks","owner"}
Json to_json(const Task& task);

}  // namespace tenon::cli
