#pragma once

#include "host/agent/ports.h"

namespace tenon::agent {

/// `compact`: the model asks that a summary replaces the conversation. The call itself only returns
/// a text; the loop makes the summary when the turn is over.
class CompactTool final : public Tool {
public:
    static constexpr std::string_view kName = "compact";

    CompactTool();
    [[nodiscard]] const ToolSpec& spec() const override { return spec_; }
    [[nodiscard]] std::optional<std::string> check(const ToolCall& call) const override;
    ToolResult call(const ToolCall& call, CallContext& context) override;

private:
    ToolSpec spec_;
};

}  // namespace tenon::agent
