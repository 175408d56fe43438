#include <array>

#include "host/base/secrets.h"
#include "host/base/untrusted.h"
#include "host/cli/columns.h"
#include "host/cli/commands.h"
#include "host/cli/task_graph.h"

namespace tenon::cli {
namespace {

// clang-format off
constexpr std::array kTasksOptions = {
    OptionSpec{0, "json", "", "one JSON document instead of text"},
    OptionSpec{0, "dot", "", "graph: for Graphviz (tenon tasks graph --dot | dot -Tsvg)"},
};
// clang-format on

// clang-format off
constexpr std::array kTasksVerbs = {
    VerbSpec{"list", {"json"}, 0, 0, {}, "the tasks, a line each"},
    VerbSpec{"graph", {"json", "dot"}, 0, 0, {}, "which task waits for which"},
};
// clang-format on

constexpr std::size_t kWidestOwner = 16;
constexpr std::array kTaskColumns = {
    TableColumn{"ID"},
    TableColumn{"STATUS"},
    TableColumn{"OWNER", false, kWidestOwner},
    TableColumn{"BLOCKED BY", false, kWidestOwner},
    TableColumn{"SUBJECT"},
};

const char* task_colour(const Task& task) {
    if (task.status == "completed") return "\x1b[32m";
    return task.status == "in_progress" ? "\x1b[36m" : "\x1b[2m";
}

std::string ids_text(const std::set<std::int64_t>& ids) {
    std::string text;
    for (const std::int64_t id : ids)
        text.append(text.empty() ? "" : ", ").append(std::to_string(id));
    return text.empty() ? "-" : text;
}

Json list_json(const std::vector<Task>& tasks) {
    Json array = Json::array();
    for (const Task& task : tasks)
        array.push_back(to_json(task));
    return array;
}

void print_list(const std::vector<Task>& tasks, const Screen& screen, std::ostream& out) {
    std::vector<TableRow> rows;
    for (const Task& task : tasks) {
        rows.push_back(
            {{std::to_string(task.id), task.status, task.owner.empty() ? "-" : visible(task.owner),
              ids_text(task.blocked_by), visible(task.subject)},
             task_colour(task)});
    }
    for (const std::string& line : table(kTaskColumns, rows, screen))
        out << line << '\n';
}

void print_graph(const std::vector<Task>& tasks, const Screen& screen, std::ostream& out) {
    for (const std::string& line : drawn(tasks, screen.columns))
        out << line << '\n';
}

Json graph_json(const std::vector<Task>& tasks) {
    Json edges = Json::array();
    for (const Task& task : tasks) {
        for (const std::int64_t other : task.blocks)
            edges.push_back({{"from", task.id}, {"to", other}});
    }
    return {{"tasks", list_json(tasks)}, {"edges", edges}};
}

void redact_tasks(std::vector<Task>& tasks, const Secrets& secrets) {
    for (Task& task : tasks) {
        for (std::string* text : {&task.subject, &task.description, &task.owner})
            *text = secrets.redact(std::move(*text));
    }
}

}  // namespace

constinit const CommandSpec kTasksCommand{
    "tenon tasks",
    "list [--json]\ngraph [--dot | --json]",
    "Lists the tasks of the workspace, which agents keep in .tasks/, or draws which "
    "task waits for which.",
    kTasksOptions,
    "Exit: 0 done; 1 the tasks cannot be read; 2 usage.\n",
    "list and draw the workspace's tasks",
    kTasksVerbs};

int run_tasks(Options options, const config::Sources& sources, const Console& console) {
    const auto arguments = parse_command(kTasksCommand, options);
    if (!arguments) return complain(console, arguments.error().message, 2);
    if (options.help) {
        console.out << command_help(kTasksCommand);
        return 0;
    }
    const auto verb = find_verb(kTasksCommand, *arguments);
    if (!verb) return complain(console, verb.error().message, 2);
    if (arguments->has("dot") && arguments->has("json"))
        return complain(console, "--dot and --json exclude each other", 2);
    const config::Configuration found = config::examine(sources, overrides_of(options));
    // A mistake in a configuration file must not prevent anybody from reading.
    const bool strict = options.config || options.workspace || !options.defines.empty();
    for (const std::string& error : found.errors)
        if (strict) complain(console, error, 2);
    if (strict && !found.errors.empty()) return 2;
    if (!found.no_workspace.empty()) return complain(console, found.no_workspace, 2);

    auto tasks = read_workspace_tasks(found.settings);
    if (!tasks) return complain(console, tasks.error().message, 1);
    Secrets secrets;
    found.credentials.add_to(secrets);
    redact_tasks(tasks->tasks, secrets);
    for (const std::string& problem : tasks->problems)
        complain(console, "left out: " + problem, 0);

    const Screen screen = screen_of(console.output, sources.environment);
    const bool graph = (*verb)->name == "graph";
    if (arguments->has("json")) {
        print_json(console, dump_json(graph ? graph_json(tasks->tasks) : list_json(tasks->tasks)));
    } else if (arguments->has("dot")) {
        console.out << in_dot(tasks->tasks);
    } else if (tasks->tasks.empty()) {
        if (screen.terminal) complain(console, "there are no tasks", 0);
    } else {
        (graph ? print_graph : print_list)(tasks->tasks, screen, console.out);
    }
    return finish(console, 0);
}

}  // namespace tenon::cli
