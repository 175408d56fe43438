#include "plugins/subagent/tool_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace tenon::subagent {
namespace {

// What a subagent never has (questions, plans, agents, lists of todos, background shells) has no
// counterpart either.
constexpr std::array<std::pair<std::string_view, std::string_view>, 38> kNames = {{
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
    {"KillBash", ""},
    {"Monitor", ""},
    {"TaskOutput", ""},
    {"TaskStop", ""},
    {"SendMessage", ""},
    {"WebFetch", ""},
    {"WebSearch", ""},
    {"NotebookEdit", ""},
    {"NotebookRead", ""},
    {"AskUserQuestion", ""},
    {"EnterPlanMode", ""},
    {"ExitPlanMode", ""},
    {"EnterWorktree", ""},
    {"ExitWorktree", ""},
    {"SlashCommand", ""},
    {"ToolSearch", ""},
    {"LSP", ""},
    {"ListMcpResourcesTool", ""},
    {"ReadMcpResourceTool", ""},
}};

/// A tool that exists only while there are skills: its name in a definition is not a mistake.
constexpr std::string_view kOfferedAtTimes = "load_skill";

/// Whether two names are equal without letter case.
bool same_name(std::string_view a, std::string_view b) {
    const auto same = [](unsigned char one, unsigned char other) {
        return std::tolower(one) == std::tolower(other);
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

}  // namespace

ToolName tool_name(std::string_view written) {
    ToolName out;
    const auto bracket = written.find('(');
    out.narrowed = bracket != std::string_view::npos;
    out.name = written.substr(0, bracket);
    if (out.name == "*") out.meaning = ToolName::Meaning::kAll;
    for (const auto& [theirs, ours] : kNames) {
        if (!same_name(out.name, theirs)) continue;
        if (ours.empty()) {
            out.meaning = ToolName::Meaning::kMissing;
        } else {
            out.name = ours;
        }
        return out;
    }
    return out;
}

PickedTools pick_tools(const std::vector<std::string>& names,
                       const std::vector<std::string>& tools) {
    PickedTools picked;
    for (const std::string& name : names) {
        const auto tool = std::find_if(tools.begin(), tools.end(), [&name](const std::string& one) {
            return same_name(one, name);
        });
        if (tool != tools.end()) {
            picked.names.push_back(*tool);
        } else if (name != kOfferedAtTimes) {
            picked.unknown.push_back(name);
        }
    }
    return picked;
}

}  // namespace tenon::subagent
