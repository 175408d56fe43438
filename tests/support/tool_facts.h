#pragma once

#include <string>

#include "host/agent/tool_facts.h"

namespace tenon::testing {

/// The facts that Tenon's own tools state, for tests of rooms that do not load plugins; defaults
/// for other names. tests/plugins/tool_facts_test.cpp compares them with the plugins.
inline agent::ToolFacts facts_of(const std::string& tool) {
    using agent::ResultView;
    agent::ToolFacts facts;
    const bool background = tool.rfind("background_", 0) == 0;
    if (tool == "bash" || tool == "background_run") {
        facts.subject = background ? "[{name}: ]{command:first}" : "{command:first}";
        facts.command = "command";
        facts.directory = "cwd";
        facts.result = background ? ResultView::kNothing : ResultView::kCommand;
        if (background) facts.recovered = agent::RecoveredAnswer::kJobStart;
    } else if (background) {
        facts.subject = tool == "background_wait" ? "{job_ids}" : "{job_id}";
        facts.no_question = tool == "background_cancel";
    } else if (tool == "read_file") {
        facts.subject = "{path}[:{offset+limit}]";
        facts.reads = {"path"};
        facts.result = ResultView::kLineCount;
    } else if (tool == "write_file" || tool == "edit_file") {
        const bool whole = tool == "write_file";
        facts.subject = "{path}";
        facts.writes = {"path"};
        facts.result = ResultView::kChange;
        facts.before = whole ? "" : "old_text";
        facts.after = whole ? "content" : "new_text";
        facts.everywhere = whole ? "" : "replace_all";
    } else if (tool == "glob" || tool == "grep") {
        const bool names = tool == "glob";
        facts.subject = std::string("{pattern}[ in {path}]") + (names ? "" : "[ ({glob})]");
        facts.reads = {"path"};
        facts.pattern = names ? "pattern" : "";
    } else if (tool == "todo") {
        facts.subject = "";
        facts.result = ResultView::kChecklist;
        facts.items = "items";
        facts.conversation_only = true;
    } else if (tool == "task_create" || tool == "task_update") {
        facts.subject = tool == "task_create" ? "{subject}" : "{task_id}[ {status}]";
        facts.no_question = true;
    } else if (tool == "task_list" || tool == "task_get") {
        facts.subject = tool == "task_list" ? "" : "{task_id}";
    } else if (tool == "load_skill") {
        facts.subject = "{name}";
        facts.result = ResultView::kNothing;
        facts.rules = agent::NameRules::kSkill;
        facts.rule_name = "name";
    } else if (tool == "agent") {
        facts.subject = "{description:first|prompt:first}";
        facts.conversation_only = true;
        facts.rules = agent::NameRules::kAgent;
        facts.rule_name = "subagent_type";
        facts.recovered = agent::RecoveredAnswer::kSubagent;
    } else if (tool == "compact") {
        facts.subject = "{focus:first}";
        facts.result = ResultView::kNothing;
        facts.conversation_only = true;
    }
    facts.for_subagents =
        !(background || facts.conversation_only || tool == "task_create" || tool == "task_update");
    return facts;
}

}  // namespace tenon::testing
