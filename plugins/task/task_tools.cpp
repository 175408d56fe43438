#include "plugins/task/task_tools.h"

#include <tenon/plugin.hpp>

#include "plugins/task/task_folder.h"

namespace tenon::task {
namespace {

constexpr std::size_t kMostCharacters = 500;  // of one text in a line of the list
constexpr std::size_t kMostOpenTasks = 50;
constexpr std::size_t kRoomForChanges = 64U << 10U;

std::size_t length(std::string_view text) {
    std::size_t characters = 0;
    for (const char c : text)
        characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
    return characters;
}

void check_length(const char* what, const std::string& text, const char* remedy) {
    if (length(text) <= kMostCharacters) return;
    throw Failure("Error: " + std::string(what) + " has " + std::to_string(length(text)) +
                  " characters; at most 500 fit in a line: " + remedy);
}

void check_size(const Task& task) {
    const std::size_t bytes = file_text(task).size();
    // Room for the lists that come later.
    if (bytes + kRoomForChanges <= kMaxTaskBytes) return;
    throw Failure("Error: the task would take " + std::to_string(bytes) +
                  " bytes; 960 KiB fit: put long text into a file and name it in the description");
}

/// Call it under the lock. A change that a crash has interrupted is completed first and by itself;
/// otherwise a second crash could bring back a dependency that the first change had removed.
TaskFolder::Loaded load_mended(const TaskFolder& folder) {
    TaskFolder::Loaded loaded = folder.load();
    for (const TaskId id : loaded.board.mend())
        folder.save(loaded.board.at(id));
    return loaded;
}

/// The tasks as they would be after mending. Nothing is written.
std::optional<TaskFolder::Loaded> view(const std::string& workspace) {
    const auto folder = TaskFolder::find(workspace);
    if (!folder) return std::nullopt;
    const TaskFolder::Lock lock = folder->lock_for_reading();
    TaskFolder::Loaded loaded = folder->load();
    (void)loaded.board.mend();
    return loaded;
}

TaskChange checked(TaskChange change) {
    if (!change.status && !change.owner && change.add_blocked_by.empty() &&
        change.add_blocks.empty()) {
        throw Failure("Error: nothing to change in task " + std::to_string(change.id) +
                      "; give status, owner, add_blocked_by or add_blocks");
    }
    if (change.owner && !change.owner->empty()) {
        change.owner = one_line(*change.owner);
        if (change.owner->empty())
            throw Failure("Error: the owner is blank; give a name, or \"\" to give the task back");
        check_length("the owner", *change.owner, "give a name");
    }
    return change;
}

/// The text without "Error: ", for a person.
std::string without_error_word(std::string_view text) {
    constexpr std::string_view kWord = "Error: ";
    if (text.substr(0, kWord.size()) == kWord) text.remove_prefix(kWord.size());
    return std::string(text);
}

}  // namespace

std::string create_task(const std::string& workspace, const std::string& subject,
                        const std::string& description, const WaitOn& wait_on) {
    Task task;
    task.subject = one_line(subject);
    task.description = description;
    if (task.subject.empty())
        throw Failure("Error: the subject is blank; say in a few words what is to be done");
    check_length("the subject", task.subject, "put the rest into the description");
    check_size(task);

    const TaskFolder folder = TaskFolder::find_or_make(workspace);
    const TaskFolder::Lock lock = folder.lock_for_change(wait_on);
    task.id = folder.take_id(load_mended(folder).board);
    folder.save(task);
    return shown(task);
}

std::string update_task(const std::string& workspace, const TaskChange& change,
                        const WaitOn& wait_on) {
    const TaskChange sound = checked(change);
    const auto folder = TaskFolder::find(workspace);
    if (!folder) return shown(TaskBoard().at(change.id));
    const TaskFolder::Lock lock = folder->lock_for_change(wait_on);
    TaskBoard board = load_mended(*folder).board;
    for (const TaskId id : board.change(sound))
        folder->save(board.at(id));
    return shown(board.at(change.id));
}

std::string list_tasks(const std::string& workspace) {
    const auto loaded = view(workspace);
    std::string text;
    if (loaded) {
        for (const auto& [id, task] : loaded->board.tasks())
            text += line_of(task) + "\n";
    }
    if (text.empty()) text = "No tasks.\n";
    if (loaded) {
        for (const auto& [file, reason] : loaded->unusable)
            text += "Left alone: .tasks/" + file + ": " + reason + "\n";
    }
    text.pop_back();
    return text;
}

std::string get_task(const std::string& workspace, TaskId id) {
    const auto loaded = view(workspace);
    return shown(loaded ? loaded->board.at(id) : TaskBoard().at(id));
}

std::string open_tasks(const std::string& workspace) {
    const auto loaded = view(workspace);
    if (!loaded) return {};
    std::string text;
    std::size_t count = 0;
    for (const auto& [id, task] : loaded->board.tasks()) {
        if (task.status == Status::kCompleted) continue;
        if (++count <= kMostOpenTasks) text += line_of(task) + "\n";
    }
    if (count > kMostOpenTasks)
        text += "(" + std::to_string(count - kMostOpenTasks) + " more; task_list shows all)\n";
    return text;
}

std::string tasks_as_json(const std::string& workspace) {
    OrderedJson answer = {{"tasks", OrderedJson::array()}, {"unusable", OrderedJson::array()}};
    try {
        const auto loaded = view(workspace);
        if (!loaded) return answer.dump();
        for (const auto& [id, task] : loaded->board.tasks())
            answer["tasks"].push_back(known_members(task));
        for (const auto& [file, reason] : loaded->unusable)
            answer["unusable"].push_back({{"file", ".tasks/" + file}, {"reason", reason}});
        // The name of a file need not be UTF-8.
        return answer.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    } catch (const Failure& failure) {
        return OrderedJson{{"error", without_error_word(failure.what())}}.dump();
    }
}

}  // namespace tenon::task
