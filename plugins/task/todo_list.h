#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "plugins/task/status.h"

namespace tenon::task {

using Json = nlohmann::json;

/// One line of the checklist of a session.
struct Todo {
    std::string id, text;
    Status status = Status::kPending;
};

/// The checklist of a session, and when the model is reminded of it. Uses neither the host nor
/// files. Used by one thread at a time.
class TodoList {
public:
    static constexpr std::size_t kMost = 20;
    static constexpr int kTurnsBetweenReminders = 3;

    /// The list that `items` describes: [{id, text, status}], as the tool's schema has it. Throws
    /// Failure, which names the item and says what to do, when it breaks a rule of the list.
    static TodoList from_items(const Json& items);
    /// The list in a text from `stored()`; throws Failure when it is not such a text.
    static TodoList restored(const std::string& text);
    [[nodiscard]] std::string stored() const;

    [[nodiscard]] bool has_open() const;
    /// A line an item, and `(done/all completed)`.
    [[nodiscard]] std::string rendered() const;
    /// A line for each item that is not completed; empty when all are.
    [[nodiscard]] std::string open_lines() const;

    /// Counts one request to the model. True when this request must contain a reminder. A new list
    /// starts at zero.
    bool count_request();

private:
    std::vector<Todo> items_;
    int turns_ = 0;  // requests since the list was written
};

}  // namespace tenon::task
