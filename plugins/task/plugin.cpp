// Connects the tools to the ABI: their names, schemas, and the conversion of JSON arguments.
#include <mutex>
#include <poll.h>

#include <tenon/plugin.hpp>

#include "plugins/task/task_tools.h"
#include "plugins/task/todo_list.h"

namespace tenon::task {
namespace {

constexpr int kLockPollMs = 5;
constexpr std::uint32_t kReadOnlyFlags =
    TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT;

// Every byte here is sent with every request.
// clang-format off
constexpr const char* kTodo = "Write your checklist for this session; it replaces the last one. At most 20 items, one in_progress. For work of several steps; keep it current.";
constexpr const char* kTodoSchema = R"({"type":"object","properties":{"items":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},"text":{"type":"string"},"status":{"enum":["pending","in_progress","completed"]}},"required":["id","text","status"],"additionalProperties":false}}},"required":["items"],"additionalProperties":false})";
constexpr const char* kCreate = "Create a task that outlives this session (.tasks/ of the workspace).";
constexpr const char* kCreateSchema = R"({"type":"object","properties":{"subject":{"type":"string"},"description":{"type":"string"}},"required":["subject"],"additionalProperties":false})";
constexpr const char* kUpdate = "Change a task: status, dependencies, owner (claims it; \"\" gives it back). A completed task no longer blocks others.";
constexpr const char* kUpdateSchema = R"({"type":"object","properties":{"task_id":{"type":"integer"},"status":{"enum":["pending","in_progress","completed"]},"add_blocked_by":{"type":"array","items":{"type":"integer"}},"add_blocks":{"type":"array","items":{"type":"integer"}},"owner":{"type":"string"}},"required":["task_id"],"additionalProperties":false})";
constexpr const char* kList = "List all tasks.";
constexpr const char* kListSchema = R"({"type":"object","properties":{},"additionalProperties":false})";
constexpr const char* kGet = "Show one task whole.";
constexpr const char* kGetSchema = R"({"type":"object","properties":{"task_id":{"type":"integer"}},"required":["task_id"],"additionalProperties":false})";
// clang-format on

Json arguments(const Call& call) try {
    return Json::parse(call.args().json());
} catch (const Json::exception& e) {
    throw Failure(e.what(), TENON_BAD_ARGS);
}

WaitOn until_cancelled(const Call& call) {
    return [&call] {
        pollfd cancel{call.cancel_fd(), POLLIN, 0};
        (void)::poll(&cancel, 1, kLockPollMs);
        return !call.cancelled();
    };
}

TaskId id_argument(const Json& args) {
    const auto id = task_id_in(args.at("task_id"));
    if (!id) throw Failure("Error: Unknown task " + args.at("task_id").dump(), TENON_BAD_ARGS);
    return *id;
}

/// The ids in an optional list.
std::vector<TaskId> ids_argument(const Json& args, const char* key) {
    std::vector<TaskId> ids;
    for (const Json& element : args.value(key, Json::array())) {
        const auto id = task_id_in(element);
        if (!id) {
            throw Failure("Error: " + std::string(key) + " holds " + element.dump() +
                              ", which is no number of a task",
                          TENON_BAD_ARGS);
        }
        ids.push_back(*id);
    }
    return ids;
}

TaskChange change_from(const Json& args) {
    TaskChange change;
    change.id = id_argument(args);
    if (args.contains("status")) change.status = status_from(args.at("status").get<std::string>());
    if (args.contains("owner")) change.owner = args.at("owner").get<std::string>();
    change.add_blocked_by = ids_argument(args, "add_blocked_by");
    change.add_blocks = ids_argument(args, "add_blocks");
    return change;
}

}  // namespace

class TaskPlugin : public Plugin {
public:
    using Plugin::Plugin;

    void setup(JsonView) override {
        const std::string workspace(host().workspace());
        tool("todo", kTodo, kTodoSchema, TENON_IDEMPOTENT | TENON_CLOSED_WORLD,
             [this](Call& call) {
                 call.write(write_todos(TodoList::from_items(arguments(call).at("items"))));
             })
            .subject("")
            .shows_checklist("items")
            .conversation_only()
            .not_for_subagents();
        tool("task_create", kCreate, kCreateSchema, TENON_ADDITIVE | TENON_CLOSED_WORLD,
             [workspace](Call& call) {
                 const Json args = arguments(call);
                 call.write(create_task(workspace, args.at("subject").get<std::string>(),
                                        args.value("description", ""), until_cancelled(call)));
             })
            .subject("{subject}")
            .no_question()
            .not_for_subagents();
        tool("task_update", kUpdate, kUpdateSchema, TENON_CLOSED_WORLD,
             [workspace](Call& call) {
                 call.write(
                     update_task(workspace, change_from(arguments(call)), until_cancelled(call)));
             })
            .subject("{task_id}[ {status}]")
            .no_question()
            .not_for_subagents();
        tool("task_list", kList, kListSchema, kReadOnlyFlags, [workspace](Call& call) {
            call.write(list_tasks(workspace));
        }).subject("");
        tool("task_get", kGet, kGetSchema, kReadOnlyFlags, [workspace](Call& call) {
            call.write(get_task(workspace, id_argument(arguments(call))));
        }).subject("{task_id}");
    }

    void begin_session(const std::string&, const std::string& reason) override {
        const std::lock_guard lock(mutex_);
        todos_ = {};
        const std::string stored = stored_todos();
        if (stored.empty()) return;
        if (reason == "resumed") {
            todos_ = TodoList::restored(stored);
        } else {
            keep("null");
        }
    }

    std::string reminder() override {
        const std::lock_guard lock(mutex_);
        if (!todos_.has_open()) return {};
        const bool due = todos_.count_request();
        try {
            keep(quote(todos_.stored()));  // the turns count on after a restart
        } catch (const Failure& failure) {
            host().log(TENON_LOG_WARNING, failure.what());
        }
        return due ? "Update your todos." : "";
    }

    std::string carried_on() override {
        const std::string tasks = tasks_to_carry();
        const std::lock_guard lock(mutex_);
        std::string text;
        if (todos_.has_open()) text = "Open todos:\n" + todos_.open_lines();
        if (!tasks.empty()) text += (text.empty() ? "" : "\n") + ("Open tasks:\n" + tasks);
        if (!text.empty()) text.pop_back();
        return text;
    }

    std::string tasks() override { return tasks_as_json(std::string(host().workspace())); }

private:
    std::string write_todos(TodoList list) {
        const std::lock_guard lock(mutex_);
        keep(quote(list.stored()));
        todos_ = std::move(list);
        return todos_.rendered();
    }

    /// A problem with the folder of tasks must not hide the todos.
    [[nodiscard]] std::string tasks_to_carry() const try {
        return open_tasks(std::string(host().workspace()));
    } catch (const Failure& failure) {
        host().log(TENON_LOG_WARNING, failure.what());
        return {};
    }

    /// Empty when none are stored, or this host stores nothing.
    [[nodiscard]] std::string stored_todos() const {
        const Reply reply = host().request("state.get/1", R"({"key":"todos","scope":"session"})");
        return reply.rc == TENON_UNSUPPORTED ? "" : reply.json().text("value");
    }
    /// Throws Failure. With a host that stores nothing, the list is kept in memory only.
    void keep(const std::string& json) const {
        const Reply reply = host().request(
            "state.set/1", R"({"key":"todos","scope":"session","value":)" + json + "}");
        if (!reply.ok() && reply.rc != TENON_UNSUPPORTED)
            throw Failure("Error: the todos could not be stored: " + reply.text, reply.rc);
    }

    std::mutex mutex_;
    TodoList todos_;
};

}  // namespace tenon::task

TENON_PLUGIN(tenon::task::TaskPlugin, "task", TENON_VERSION);
