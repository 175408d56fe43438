#include "plugins/subagent/tool_names.h"

#include <array>
#include <utility>

namespace tenon::subagent {
namespace {

// What a subagent never has (questions, plans, agents, lists of todos, background shells) has no
// counterpart either.
constexpr std::array<std::pair<std::string_view, std::string_view>, 25> kNames = {{
    {"Bash", "bash"},
    {"Read", "read_file"},
    {"Write", "write_file"},
    {"Edit", "edit_file"},
    {"MultiEdit", "edit_file"},
    {"Glob", "glob"},
    {"LS", "glob"},
    {"Grep", "grep"},
    {"Skill", "load_skill"},
    {"TaskGet", "task_get"},
    {"TaskList", "task_list"},
    {"Agent", ""},
    {"Task", ""},
    {"TaskCreate", ""},
    {"TaskUpdate", ""},
    {"TodoWrite", ""},
    {"TodoRead", ""},
    {"BashOutput", ""},
    {"KillShell", ""},
    {"WebFetch", ""},
    {"WebSearch", ""},
    {"NotebookEdit", ""},
    {"NotebookRead", ""},
    {"AskUserQuestion", ""},
    {"ExitPlanMode", ""},
}};

}  // namespace

ToolName tool_name(std::string_view written) {
    ToolName out;
    const auto bracket = written.find('(');
    out.narrowed = bracket != std::string_view::npos;
    out.name = written.substr(0, bracket);
    if (out.name == "*") out.kind = ToolName::Kind::kAll;
    for (const auto& [theirs, ours] : kNames) {
        if (out.name != theirs) continue;
        if (ours.empty()) {
            out.kind = ToolName::Kind::kMissing;
        } else {
            out.name = ours;
        }
        return out;
    }
    if (out.name.rfind("mcp__", 0) == 0) out.kind = ToolName::Kind::kMissing;
    return out;
}

}  // namespace tenon::subagent
