#include "host/agent/answer_tool.h"

namespace tenon::agent {

AnswerTool::AnswerTool(const AnswerForm& form) : form_(form) {
    spec_.name = kName;
    spec_.description =
        "Give the answer that ends this task, as the arguments of this call. Call it once, when "
        "nothing else is left to do.";
    spec_.input_schema = form.input_schema();
    spec_.plugin = "host";
    spec_.first_party = true;
    spec_.facts.result = ResultView::kNothing;
    spec_.facts.for_subagents = false;
    spec_.facts.conversation_only = true;
}

std::optional<std::string> AnswerTool::check(const ToolCall& call) const {
    const std::string invalid = "Error: invalid arguments for " + std::string(kName) + ": ";
    if (!call.input_error.empty()) return invalid + call.input_error;
    const std::string wrapped(AnswerForm::kWrapped);
    if (form_.wraps()) {
        for (const auto& [key, value] : call.input.items())
            if (key != wrapped)
                return invalid + "'" + key + "' is unknown; the only one is '" + wrapped + "'";
        if (!call.input.contains(wrapped)) return invalid + "'" + wrapped + "' is missing";
    }
    if (auto flaw = form_.flaw(form_.wraps() ? member(call.input, wrapped) : call.input))
        return invalid + *flaw;
    return std::nullopt;
}

ToolResult AnswerTool::call(const ToolCall&, CallContext&) {
    return {"The answer is accepted.", false, {}};
}

}  // namespace tenon::agent
