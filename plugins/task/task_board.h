#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugins/task/task.h"

namespace tenon::task {

/// What a call asks of one task.
struct TaskChange {
    TaskId id = 0;
    std::optional<Status> status;
    std::optional<std::string> owner;  ///< empty: gives it back
    std::vector<TaskId> add_blocked_by, add_blocks;
};

/// All tasks of a workspace and the rules among them. A dependency stands with both of its tasks,
/// until the one that blocks is completed. Knows no files. Used by one thread.
class TaskBoard {
public:
    void add(Task task);
    /// There is a file of this task that cannot be used: the id is taken, and keeps its place in
    /// the lists of others.
    void add_unusable(TaskId id, std::string reason);

    [[nodiscard]] const std::map<TaskId, Task>& tasks() const { return tasks_; }
    /// 0: none. Also of files that cannot be used.
    [[nodiscard]] TaskId highest_id() const;
    /// Throws Failure: unknown, or why its file cannot be used.
    [[nodiscard]] const Task& at(TaskId id) const;

    /// Makes both sides of every dependency agree, as after a crash between the files of one
    /// change: what one side says and nothing speaks against holds; completed tasks block nobody,
    /// and files that are gone neither. Returns whose file is to be written.
    std::set<TaskId> mend();

    /// Makes the change; the task itself comes first among those whose file is to be written.
    /// Throws Failure when a rule forbids it: the board is of no use then, since half of it may be
    /// done.
    std::vector<TaskId> change(const TaskChange& change);

private:
    Task& known(TaskId id, const char* where);
    void claim(Task& task, const std::string& owner) const;
    void complete(Task& task);
    void connect(TaskId blocker, TaskId blocked);
    [[nodiscard]] std::string path(TaskId from, TaskId to) const;

    std::map<TaskId, Task> tasks_;
    std::map<TaskId, std::string> unusable_;  // why
    std::set<TaskId> touched_;
};

}  // namespace tenon::task
