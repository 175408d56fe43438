#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugins/task/task.h"

namespace tenon::task {

/// The changes that a call makes to one task.
struct TaskChange {
    TaskId id = 0;
    std::optional<Status> status;
    std::optional<std::string> owner;  ///< empty: the task has no owner any more
    std::vector<TaskId> add_blocked_by, add_blocks;
};

/// All tasks of a workspace and their dependencies. A dependency is stored in both of its tasks
/// until the blocking task is completed. Reads and writes no files. Used by one thread.
class TaskBoard {
public:
    void add(Task task);
    /// The file of this task cannot be used: the id stays in use, also in the lists of other tasks.
    void add_unusable(TaskId id, std::string reason);

    [[nodiscard]] const std::map<TaskId, Task>& tasks() const { return tasks_; }
    /// Includes files that cannot be used. 0: there is no task.
    [[nodiscard]] TaskId highest_id() const;
    /// Throws Failure when the id is unknown or the file cannot be used.
    [[nodiscard]] const Task& at(TaskId id) const;

    /// Makes both sides of every dependency agree, which a crash between the writes of one change
    /// may have prevented. A dependency that only one side states is kept, unless the blocking task
    /// is completed or a file of the two is missing. Returns the tasks whose files must be written.
    std::set<TaskId> mend();

    /// Makes the change. Returns the tasks whose files must be written, the changed task first.
    /// Throws Failure when a rule forbids the change; then the board must not be used any more,
    /// since a part of the change may be made.
    std::vector<TaskId> change(const TaskChange& change);

private:
    Task& known(TaskId id, const char* where);
    void claim(Task& task, const std::string& owner) const;
    void complete(Task& task);
    void connect(TaskId blocker, TaskId blocked);
    [[nodiscard]] std::string path(TaskId from, TaskId to) const;

    std::map<TaskId, Task> tasks_;
    std::map<TaskId, std::string> unusable_;  // and the reasons
    std::set<TaskId> touched_;
};

}  // namespace tenon::task
