#pragma once

#include "host/agent/ports.h"

namespace tenon::agent {

/// `structured_output`: the model gives the answer of a run as the arguments of this call, for
/// servers without means of their own for answers that fit a schema. The call itself does nothing;
/// the loop ends the run with it.
class AnswerTool final : public Tool {
public:
    static constexpr std::string_view kName = "structured_output";

    /// `form` outlives the tool.
    explicit AnswerTool(const AnswerForm& form);
    [[nodiscard]] const ToolSpec& spec() const override { return spec_; }
    [[nodiscard]] std::optional<std::string> check(const ToolCall& call) const override;
    ToolResult call(const ToolCall& call, CallContext& context) override;

private:
    const AnswerForm& form_;
    ToolSpec spec_;
};

}  // namespace tenon::agent
