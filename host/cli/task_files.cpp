#include "host/cli/task_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <map>
#include <optional>
#include <sys/stat.h>

#include "host/base/unique_fd.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using Id = std::int64_t;
using Ids = std::set<Id>;

constexpr Id kMaxId = 999'999'999'999'999;
constexpr std::size_t kMaxBytes = 1U << 20U;
constexpr std::array<std::string_view, 3> kStatuses = {"pending", "in_progress", "completed"};

/// The number in task_<number>.json, written in the one usual way.
std::optional<Id> id_in(const std::string& name) {
    Id id = 0;
    const auto digits = name.size() > 10 ? name.substr(5, name.size() - 10) : std::string();
    (void)std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (id < 1 || id > kMaxId || name != "task_" + std::to_string(id) + ".json")
        return std::nullopt;
    return id;
}

Result<std::string> read_regular_file(const fs::path& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd && errno == ELOOP) return Error{"a symbolic link, which is not followed"};
    if (!fd) return Error::from_errno("it cannot be read");
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return Error::from_errno("it cannot be read");
    if (!S_ISREG(info.st_mode)) return Error{"not a regular file"};
    std::string text(kMaxBytes + 1, '\0');
    std::size_t got = 0;
    while (got < text.size()) {
        const ssize_t n = ::read(fd.get(), text.data() + got, text.size() - got);
        if (n == 0) break;
        if (n < 0 && errno != EINTR) return Error::from_errno("it cannot be read");
        got += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    if (got > kMaxBytes) return Error{"larger than 1 MiB"};
    text.resize(got);
    return text;
}

/// A missing or null member is empty.
bool take_text(const Json& object, const char* key, std::string& into) {
    const Json& found = member(object, key);
    if (const std::string* text = string_in(found)) into = *text;
    return found.is_string() || found.is_null();
}

bool take_ids(const Json& object, const char* key, Ids& into) {
    const Json& found = member(object, key);
    if (found.is_null()) return true;
    if (!found.is_array()) return false;
    for (const Json& item : found) {
        const auto id = integer_in(item);
        if (!id || *id < 1 || *id > kMaxId) return false;
        into.insert(*id);
    }
    return true;
}

Result<TaskFile> parse(const std::string& text, Id id) {
    const auto object = parse_json(text, 64);
    if (!object) return object.error();
    if (!object->is_object()) return Error{"no JSON object"};
    if (integer_or(*object, "v", 1) != 1)
        return Error{"written by another version of this program"};
    if (integer_or(*object, "id", 0) != id) return Error{"its id is not the number in its name"};
    TaskFile task;
    task.id = id;
    if (!take_text(*object, "subject", task.subject) ||
        task.subject.find_first_not_of(" \t\r\n") == std::string::npos)
        return Error{"its subject is missing or blank"};
    task.status = string_or(*object, "status");
    if (std::find(kStatuses.begin(), kStatuses.end(), task.status) == kStatuses.end())
        return Error{"its status is not pending, in_progress or completed"};
    if (!take_text(*object, "description", task.description) ||
        !take_text(*object, "owner", task.owner))
        return Error{"its description or owner is no text"};
    if (!take_ids(*object, "blockedBy", task.blocked_by) ||
        !take_ids(*object, "blocks", task.blocks))
        return Error{"blockedBy or blocks is no list of task ids"};
    return task;
}

/// What one side of a dependency says holds; who is completed or gone blocks nobody. The next
/// change by a tool writes the same.
void mend(std::map<Id, TaskFile>& tasks, const Ids& unusable) {
    const auto is_gone = [&](Id id) { return tasks.count(id) == 0 && unusable.count(id) == 0; };
    const auto is_completed = [&](Id id) {
        const auto found = tasks.find(id);
        return found != tasks.end() && found->second.status == "completed";
    };
    for (auto& entry : tasks) {
        const Id self = entry.first;
        std::erase_if(entry.second.blocked_by, [&](Id other) {
            return other == self || is_gone(other) || is_completed(other);
        });
        std::erase_if(entry.second.blocks, [&](Id other) {
            return other == self || is_gone(other) || is_completed(self);
        });
    }
    for (auto& [id, task] : tasks) {
        for (const Id other : task.blocked_by)
            if (tasks.count(other) > 0) tasks[other].blocks.insert(id);
        for (const Id other : task.blocks)
            if (tasks.count(other) > 0) tasks[other].blocked_by.insert(id);
    }
}

}  // namespace

Result<TaskFiles> read_task_files(const fs::path& workspace) {
    TaskFiles out;
    const fs::path folder = workspace / ".tasks";
    std::error_code failed;
    const fs::file_status status = fs::symlink_status(folder, failed);
    if (status.type() == fs::file_type::not_found) return out;
    if (failed) return Error{"read " + folder.string() + ": " + failed.message()};
    if (!fs::is_directory(status))
        return Error{folder.string() + " is no folder (links are not followed)"};

    std::map<Id, TaskFile> tasks;
    Ids unusable;
    std::vector<std::string> names;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        const std::string name = at->path().filename().string();
        if (name.starts_with("task_") && name.ends_with(".json")) names.push_back(name);
    }
    if (failed) return Error{"read " + folder.string() + ": " + failed.message()};
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        const auto id = id_in(name);
        const auto complain = [&](const std::string& why) {
            out.problems.push_back((folder / name).string() + ": " + why);
            if (id) unusable.insert(*id);
        };
        if (!id) {
            complain("its name is not task_<number>.json");
            continue;
        }
        const auto text = read_regular_file(folder / name);
        if (!text) {
            complain(text.error().message);
            continue;
        }
        if (auto task = parse(*text, *id)) {
            tasks.emplace(*id, *std::move(task));
        } else {
            complain(task.error().message);
        }
    }
    mend(tasks, unusable);
    for (auto& entry : tasks)
        out.tasks.push_back(std::move(entry.second));
    return out;
}

Json to_json(const TaskFile& task) {
    return {
        {"id", task.id},         {"subject", task.subject},      {"description", task.description},
        {"status", task.status}, {"blockedBy", task.blocked_by}, {"blocks", task.blocks},
        {"owner", task.owner}};
}

}  // namespace tenon::cli
