#pragma once

#include "host/agent/ports.h"

namespace tenon::agent {

/// `compact`: the model asks for a summary in place of the conversation. The call itself only
/// answers; the loop sees it and does the work when the turn is over.
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
