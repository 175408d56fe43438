#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"

/// The tasks of a workspace as files, for commands that show them. Changing them is the business of
/// the tools alone.
namespace tenon::cli {

/// One `.tasks/task_<id>.json`. Texts are valid UTF-8 and may hold anything else.
struct TaskFile {
    std::int64_t id = 0;
    std::string subject, description;
    std::string status;  ///< pending, in_progress or completed
    std::set<std::int64_t> blocked_by, blocks;
    std::string owner;  ///< empty: nobody's
};

struct TaskFiles {
    std::vector<TaskFile> tasks;        ///< by id; both sides of every dependency agree
    std::vector<std::string> problems;  ///< files that were passed over, each with its reason
};

/// Reads the folder `.tasks` of a workspace; where there is none there are no tasks. Links are not
/// followed; nothing is written, no lock taken. Error: `.tasks` is no folder, or cannot be read.
Result<TaskFiles> read_task_files(const std::filesystem::path& workspace);

/// {"id","subject","description","status","blockedBy","blocks","owner"}
Json to_json(const TaskFile& task);

}  // namespace tenon::cli
