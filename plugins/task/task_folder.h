#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tenon/paths.hpp>

#include "plugins/task/task_board.h"

namespace tenon::task {

/// The folder `.tasks` of a workspace: one file a task, `task_<id>.json`, replaced in one step;
/// `.last_id`, the highest id ever given; `.lock`. Any number of processes may change it, each
/// under an exclusive flock of `.lock`. No symbolic link is followed. All errors are thrown as
/// Failure.
class TaskFolder {
public:
    /// The existing folder; none when there is none.
    static std::optional<TaskFolder> find(const std::string& workspace);
    static TaskFolder find_or_make(const std::string& workspace);

    /// Held as long as the object exists.
    using Lock = Fd;
    /// Throws Failure when `wait_on` returns false (the call is cancelled), or when others hold the
    /// lock and no task has changed for ten seconds. `wait_on` may block for some milliseconds.
    [[nodiscard]] Lock lock_for_change(const std::function<bool()>& wait_on) const;
    /// A shared lock, or none when there is none within a second: then what is read may be half of
    /// a change.
    [[nodiscard]] Lock lock_for_reading() const;

    struct Unusable {
        std::string file, reason;
        bool operator<(const Unusable& other) const { return file < other.file; }
    };
    struct Loaded {
        TaskBoard board;
        std::vector<Unusable> unusable;  ///< in the order of names; they are not changed
    };
    [[nodiscard]] Loaded load() const;

    // Call these only under lock_for_change.
    void save(const Task& task) const;
    /// The next id. It is recorded before it is used, so that it is never given twice.
    [[nodiscard]] TaskId take_id(const TaskBoard& board) const;

private:
    explicit TaskFolder(Fd folder) : folder_(std::move(folder)) {}

    [[nodiscard]] std::optional<Lock> try_lock(int open_flags, int operation) const;
    [[nodiscard]] std::chrono::nanoseconds time_of_last_change() const;
    [[nodiscard]] std::vector<std::string> names() const;
    void replace(const std::string& name, std::string_view text) const;

    Fd folder_;
};

}  // namespace tenon::task
