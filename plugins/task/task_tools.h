#pragma once

#include <functional>
#include <string>

#include "plugins/task/task_board.h"

/// The tools task_create, task_update, task_list and task_get on the folder `.tasks` of
/// `workspace`. Each returns the text of its result or throws Failure with what to do instead. They
/// may run on any thread and in any number of processes at once. `wait_on` is called while another
/// process holds the lock: it waits a moment, and returns whether to go on.
namespace tenon::task {

using WaitOn = std::function<bool()>;

std::string create_task(const std::string& workspace, const std::string& subject,
                        const std::string& description, const WaitOn& wait_on);
std::string update_task(const std::string& workspace, const TaskChange& change,
                        const WaitOn& wait_on);
std::string list_tasks(const std::string& workspace);
std::string get_task(const std::string& workspace, TaskId id);

/// A line for each of the first tasks that are not completed; empty when there is none. Changes
/// nothing.
std::string open_tasks(const std::string& workspace);

/// All tasks and the files that cannot be used, as the host shows them: the JSON object of
/// `tasks` in tenon_context. Changes nothing and does not throw Failure.
std::string tasks_as_json(const std::string& workspace);

}  // namespace tenon::task
