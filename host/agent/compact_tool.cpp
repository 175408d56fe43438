#include "host/agent/compact_tool.h"

namespace tenon::agent {

CompactTool::CompactTool() {
    spec_.name = kName;
    spec_.description =
        "Replace the conversation by a summary once this turn's calls are done. For when a stage "
        "of the work is over and its details are no longer needed.";
    spec_.input_schema = {
        {"type", "object"},
        {"properties",
         {{"focus",
           {{"type", "string"}, {"description", "what the summary must keep above all"}}}}},
        {"additionalProperties", false}};
    spec_.plugin = "host";
    spec_.first_party = true;
    spec_.facts.subject = "{focus:first}";
    spec_.facts.result = ResultView::kNothing;
    spec_.facts.for_subagents = false;
    spec_.facts.conversation_only = true;
}

std::optional<std::string> CompactTool::check(const ToolCall& call) const {
    const std::string invalid = "Error: invalid arguments for compact: ";
    if (!call.input_error.empty()) return invalid + call.input_error;
    for (const auto& [key, value] : call.input.items()) {
        if (key != "focus") return invalid + "'" + key + "' is unknown; the only one is 'focus'";
        if (!value.is_string()) return invalid + "'focus' must be a string";
    }
    return std::nullopt;
}

ToolResult CompactTool::call(const ToolCall&, CallContext&) {
    return {"The conversation is summed up before you are asked again.", false, {}};
}

}  // namespace tenon::agent
