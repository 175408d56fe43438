#include "host/cli/workspace_tasks.h"

#include "host/plugins/loader.h"
#include "host/session/open_tools.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

std::set<std::int64_t> ids_in(const Json& list) {
    std::set<std::int64_t> ids;
    if (!list.is_array()) return ids;
    for (const Json& item : list)
        if (const auto id = integer_in(item)) ids.insert(*id);
    return ids;
}

Task task_in(const Json& object) {
    Task task;
    task.id = integer_or(object, "id", 0);
    task.subject = string_or(object, "subject");
    task.description = string_or(object, "description");
    task.status = string_or(object, "status");
    task.blocked_by = ids_in(member(object, "blockedBy"));
    task.blocks = ids_in(member(object, "blocks"));
    task.owner = string_or(object, "owner");
    return task;
}

Result<WorkspaceTasks> tasks_in(const std::string& stated, const fs::path& workspace) {
    const auto document = parse_json(stated);
    if (!document) return document.error().while_doing("read the tasks that the plugin states");
    if (const std::string* error = string_in(member(*document, "error"))) return Error{*error};
    WorkspaceTasks out;
    for (const Json& task : member(*document, "tasks"))
        out.tasks.push_back(task_in(task));
    for (const Json& file : member(*document, "unusable"))
        out.problems.push_back((workspace / string_or(file, "file")).string() + ": " +
                               string_or(file, "reason"));
    return out;
}

Error no_task_plugin(const plugins::Loaded& loaded, const fs::path& folder) {
    std::string message = "no plugin that keeps tasks is loaded from " + folder.string();
    for (const plugins::Problem& problem : loaded.problems)
        message += "; " + problem.file.string() + ": " + problem.reason;
    return {std::move(message)};
}

}  // namespace

Result<WorkspaceTasks> read_workspace_tasks(const config::Settings& settings) {
    const plugins::Services no_services;
    plugins::LoaderOptions options =
        session::loader_options(settings, [](std::string_view, int, std::string_view) {});
    options.folders = {options.first_party_folder};
    options.listed.clear();
    options.only_first_party = true;
    const plugins::Loaded loaded = plugins::load(options, no_services);
    for (const auto& plugin : loaded.plugins) {
        const std::string stated = plugin->tasks();
        if (!stated.empty()) return tasks_in(stated, settings.workspace);
    }
    return no_task_plugin(loaded, options.first_party_folder);
}

Json to_json(const Task& task) {
    return {
        {"id", task.id},         {"subject", task.subject},      {"description", task.description},
        {"status", task.status}, {"blockedBy", task.blocked_by}, {"blocks", task.blocks},
        {"owner", task.owner}};
}

}  // namespace tenon::cli
