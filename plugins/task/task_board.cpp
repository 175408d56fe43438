#include "plugins/task/task_board.h"

#include <deque>

#include <tenon/plugin.hpp>

namespace tenon::task {
namespace {

constexpr const char* kNothingChanged = "; nothing was changed";

template <class Gone>
bool drop(std::set<TaskId>& ids, Gone gone) {
    return std::erase_if(ids, gone) > 0;
}

}  // namespace

void TaskBoard::add(Task task) {
    const TaskId id = task.id;
    tasks_.insert_or_assign(id, std::move(task));
}

void TaskBoard::add_unusable(TaskId id, std::string reason) {
    unusable_.emplace(id, std::move(reason));
}

TaskId TaskBoard::highest_id() const {
    const TaskId task = tasks_.empty() ? 0 : tasks_.rbegin()->first;
    return std::max(task, unusable_.empty() ? 0 : unusable_.rbegin()->first);
}

const Task& TaskBoard::at(TaskId id) const {
    const auto found = tasks_.find(id);
    if (found != tasks_.end()) return found->second;
    const auto unusable = unusable_.find(id);
    if (unusable == unusable_.end())
        throw Failure("Error: Unknown task " + std::to_string(id) + "; task_list shows all");
    throw Failure("Error: .tasks/" + file_name_of(id) + " cannot be used: " + unusable->second +
                  "; mend the file or remove it");
}

std::set<TaskId> TaskBoard::mend() {
    std::set<TaskId> changed;
    for (auto& [id, task] : tasks_) {
        const TaskId self = id;
        const auto is_gone = [&](TaskId other) {
            return other == self || (tasks_.count(other) == 0 && unusable_.count(other) == 0);
        };
        const auto blocks_no_more = [&](TaskId other) {
            const auto found = tasks_.find(other);
            return is_gone(other) ||
                   (found != tasks_.end() && found->second.status == Status::kCompleted);
        };
        const bool completed = task.status == Status::kCompleted;
        const bool fewer_before = drop(task.blocked_by, blocks_no_more);
        const bool fewer_after =
            drop(task.blocks, [&](TaskId other) { return completed || is_gone(other); });
        if (fewer_before || fewer_after) changed.insert(id);
    }
    for (auto& [id, task] : tasks_) {
        for (const TaskId other : task.blocked_by) {
            const auto found = tasks_.find(other);
            if (found != tasks_.end() && found->second.blocks.insert(id).second)
                changed.insert(other);
        }
        for (const TaskId other : task.blocks) {
            const auto found = tasks_.find(other);
            if (found != tasks_.end() && found->second.blocked_by.insert(id).second)
                changed.insert(other);
        }
    }
    return changed;
}

std::vector<TaskId> TaskBoard::change(const TaskChange& change) {
    (void)at(change.id);
    Task& task = tasks_.at(change.id);
    touched_.clear();
    if (change.owner) claim(task, *change.owner);
    if (change.status) task.status = *change.status;
    if (task.status == Status::kCompleted) complete(task);
    for (const TaskId other : change.add_blocked_by) {
        (void)known(other, "add_blocked_by");
        connect(other, change.id);
    }
    for (const TaskId other : change.add_blocks) {
        (void)known(other, "add_blocks");
        connect(change.id, other);
    }
    std::vector<TaskId> out{change.id};
    touched_.erase(change.id);
    out.insert(out.end(), touched_.begin(), touched_.end());
    return out;
}

Task& TaskBoard::known(TaskId id, const char* where) try {
    (void)at(id);
    return tasks_.at(id);
} catch (const Failure& failure) {
    throw Failure(std::string(failure.what()) + " (in " + where + ")" + kNothingChanged);
}

void TaskBoard::claim(Task& task, const std::string& owner) const {
    if (!owner.empty() && !task.owner.empty() && task.owner != owner) {
        throw Failure("Error: task " + std::to_string(task.id) + " belongs to " + task.owner +
                      "; take another one, or give it back first with an empty owner" +
                      kNothingChanged);
    }
    task.owner = owner;
}

void TaskBoard::complete(Task& task) {
    for (const TaskId other : task.blocks) {
        const auto found = tasks_.find(other);
        if (found == tasks_.end()) continue;
        found->second.blocked_by.erase(task.id);
        touched_.insert(other);
    }
    task.blocks.clear();
}

void TaskBoard::connect(TaskId blocker, TaskId blocked) {
    if (blocker == blocked) {
        throw Failure("Error: task " + std::to_string(blocker) + " cannot block itself" +
                      kNothingChanged);
    }
    Task& before = tasks_.at(blocker);
    if (before.status == Status::kCompleted) return;  // nothing is left to wait for
    if (const std::string back = path(blocked, blocker); !back.empty()) {
        throw Failure("Error: task " + std::to_string(blocker) + " cannot block task " +
                      std::to_string(blocked) + ", since that would be a cycle: " +
                      std::to_string(blocker) + " -> " + back + kNothingChanged);
    }
    before.blocks.insert(blocked);
    tasks_.at(blocked).blocked_by.insert(blocker);
    touched_.insert({blocker, blocked});
}

/// "2 -> 3 -> 1": the shortest chain by which `from` blocks `to`; empty when there is none.
std::string TaskBoard::path(TaskId from, TaskId to) const {
    std::map<TaskId, TaskId> next{{to, 0}};  // the next task of the chain to `to`
    std::deque<TaskId> reached{to};
    while (!reached.empty() && next.count(from) == 0) {
        const auto found = tasks_.find(reached.front());
        reached.pop_front();
        if (found == tasks_.end()) continue;
        for (const TaskId blocker : found->second.blocked_by)
            if (next.emplace(blocker, found->first).second) reached.push_back(blocker);
    }
    if (next.count(from) == 0) return {};
    std::string text = std::to_string(from);
    for (TaskId at = from; at != to; text += " -> " + std::to_string(at))
        at = next.at(at);
    return text;
}

}  // namespace tenon::task
