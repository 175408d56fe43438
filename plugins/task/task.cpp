#include "plugins/task/task.h"

#include <charconv>
#include <cmath>

#include <tenon/plugin.hpp>

namespace tenon::task {
namespace {

constexpr std::string_view kPrefix = "task_";
constexpr std::string_view kSuffix = ".json";
constexpr int kMaxDepth = 64;

/// Nested brackets outside of strings: nlohmann's destructor and dump recurse once a level.
bool is_too_deep(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kMaxDepth) return true;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}

template <class AnyJson>
std::optional<TaskId> id_from(const AnyJson& value) {
    if (!value.is_number()) return std::nullopt;
    const double number = value.template get<double>();  // exact up to the largest id
    if (!(number >= 1 && number <= static_cast<double>(kMaxTaskId)) || std::trunc(number) != number)
        return std::nullopt;
    return static_cast<TaskId>(number);
}

/// Takes a member out of `object`; null when there is none.
OrderedJson take(OrderedJson& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return nullptr;
    OrderedJson value = std::move(*found);
    object.erase(found);
    return value;
}

std::string take_text(OrderedJson& object, const char* key) {
    const OrderedJson value = take(object, key);
    if (value.is_null()) return {};
    if (!value.is_string()) throw Failure(std::string(key) + " is no text");
    return value.get<std::string>();
}

std::set<TaskId> take_ids(OrderedJson& object, const char* key) {
    const OrderedJson value = take(object, key);
    std::set<TaskId> ids;
    if (value.is_null()) return ids;
    if (!value.is_array()) throw Failure(std::string(key) + " is no list of task ids");
    for (const OrderedJson& element : value) {
        const auto id = id_from(element);
        if (!id) throw Failure(std::string(key) + " holds something that is no task id");
        ids.insert(*id);
    }
    return ids;
}

}  // namespace

Task task_from(std::string_view bytes, TaskId id) {
    if (is_too_deep(bytes)) throw Failure("nested too deeply");
    OrderedJson object = OrderedJson::parse(bytes, nullptr, false);
    if (object.is_discarded()) throw Failure("not valid JSON (or not UTF-8)");
    if (!object.is_object()) throw Failure("no JSON object");
    if (object.contains("v") && object["v"] != 1)
        throw Failure("written by another version of this program");
    const OrderedJson own = take(object, "id");
    if (id_from(own) != id) throw Failure("its id is not the number in its name");
    Task task;
    task.id = id;
    task.subject = take_text(object, "subject");
    if (one_line(task.subject).empty()) throw Failure("its subject is missing or blank");
    task.description = take_text(object, "description");
    const auto status = status_from(take_text(object, "status"));
    if (!status) throw Failure("its status is not pending, in_progress or completed");
    task.status = *status;
    task.blocked_by = take_ids(object, "blockedBy");
    task.blocks = take_ids(object, "blocks");
    task.owner = one_line(take_text(object, "owner"));
    task.others = std::move(object);
    return task;
}

std::optional<TaskId> task_id_in(const nlohmann::json& value) {
    return id_from(value);
}

nlohmann::ordered_json known_members(const Task& task) {
    return OrderedJson{{"id", task.id},
                       {"subject", task.subject},
                       {"description", task.description},
                       {"status", name_of(task.status)},
                       {"blockedBy", task.blocked_by},
                       {"blocks", task.blocks},
                       {"owner", task.owner}};
}

std::string shown(const Task& task) {
    return known_members(task).dump();
}

std::string file_text(const Task& task) {
    OrderedJson object = known_members(task);
    object.update(task.others);
    return object.dump(2) + "\n";
}

std::string line_of(const Task& task) {
    std::string line = std::string(mark_of(task.status)) + " " + std::to_string(task.id) + ": " +
                       one_line(task.subject);
    if (!task.blocked_by.empty()) line += " (blocked by: " + listed(task.blocked_by) + ")";
    if (!task.owner.empty()) line += " (owner: " + task.owner + ")";
    return line;
}

std::optional<TaskId> id_in(std::string_view file_name) {
    if (file_name.size() <= kPrefix.size() + kSuffix.size()) return std::nullopt;
    const std::string_view digits =
        file_name.substr(kPrefix.size(), file_name.size() - kPrefix.size() - kSuffix.size());
    TaskId id = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, id);
    if (error != std::errc() || stop != end || id < 1 || id > kMaxTaskId) return std::nullopt;
    // A number is written in one way only: task_01.json is another file.
    if (file_name_of(id) != file_name) return std::nullopt;
    return id;
}

std::string file_name_of(TaskId id) {
    return std::string(kPrefix) + std::to_string(id) + std::string(kSuffix);
}

std::string listed(const std::set<TaskId>& ids) {
    std::string text;
    for (const TaskId id : ids)
        text.append(text.empty() ? "" : ", ").append(std::to_string(id));
    return text;
}

}  // namespace tenon::task
