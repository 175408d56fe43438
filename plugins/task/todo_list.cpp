#include "plugins/task/todo_list.h"

#include <algorithm>
#include <set>

#include <tenon/plugin.hpp>

namespace tenon::task {
namespace {

std::string line_of(const Todo& todo) {
    return std::string(mark_of(todo.status)) + " " + todo.text;
}

Todo todo_from(const Json& item) {
    Todo todo{one_line(item.at("id").get<std::string>()),
              one_line(item.at("text").get<std::string>())};
    const auto status = status_from(item.at("status").get<std::string>());
    if (todo.id.empty()) throw Failure("Error: an item has a blank id; give every item one");
    if (todo.text.empty())
        throw Failure("Error: the text of item '" + todo.id + "' is blank; say what is to be done");
    if (!status) {
        throw Failure("Error: item '" + todo.id +
                      "' has a status that is not pending, in_progress or completed");
    }
    todo.status = *status;
    return todo;
}

}  // namespace

TodoList TodoList::from_items(const Json& items) {
    if (items.size() > kMost) {
        throw Failure("Error: " + std::to_string(items.size()) +
                      " items; a list has at most 20: join small ones or drop what is done");
    }
    TodoList list;
    std::set<std::string> ids;
    std::string in_progress;
    for (const Json& item : items) {
        Todo todo = todo_from(item);
        if (!ids.insert(todo.id).second)
            throw Failure("Error: two items have the id '" + todo.id + "'; ids are unique");
        if (todo.status == Status::kInProgress) {
            if (!in_progress.empty()) {
                throw Failure("Error: items '" + in_progress + "' and '" + todo.id +
                              "' are both in_progress; only one may be at a time");
            }
            in_progress = todo.id;
        }
        list.items_.push_back(std::move(todo));
    }
    return list;
}

TodoList TodoList::restored(const std::string& text) try {
    const Json stored = Json::parse(text);
    TodoList list = from_items(stored.at("items"));
    // The text may contain any number; one that does not fit into an int would be undefined.
    constexpr double kMostTurns = 1'000'000'000;
    list.turns_ = static_cast<int>(std::clamp(stored.at("turns").get<double>(), 0.0, kMostTurns));
    return list;
} catch (const Json::exception& e) {
    throw Failure(std::string("the stored todos cannot be read: ") + e.what());
}

std::string TodoList::stored() const {
    Json items = Json::array();
    for (const Todo& todo : items_)
        items.push_back({{"id", todo.id}, {"text", todo.text}, {"status", name_of(todo.status)}});
    return Json{{"items", items}, {"turns", turns_}}.dump();
}

bool TodoList::has_open() const {
    return std::any_of(items_.begin(), items_.end(),
                       [](const Todo& todo) { return todo.status != Status::kCompleted; });
}

std::string TodoList::rendered() const {
    std::string text;
    std::size_t done = 0;
    for (const Todo& todo : items_) {
        text += line_of(todo) + "\n";
        done += todo.status == Status::kCompleted ? 1 : 0;
    }
    return text + "(" + std::to_string(done) + "/" + std::to_string(items_.size()) + " completed)";
}

std::string TodoList::open_lines() const {
    std::string text;
    for (const Todo& todo : items_)
        if (todo.status != Status::kCompleted) text += line_of(todo) + "\n";
    return text;
}

bool TodoList::count_request() {
    const bool due = turns_ > 0 && turns_ % kTurnsBetweenReminders == 0;
    ++turns_;
    return due;
}

}  // namespace tenon::task
