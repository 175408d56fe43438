#pragma once

#include "host/agent/ports.h"

namespace tenon::testing {

/// Calls a tool as the loop does: only with arguments that the tool's check accepts.
inline agent::ToolResult checked_call(agent::Tool& tool, const agent::ToolCall& call,
                                      agent::CallContext& context) {
    if (auto wrong = tool.check(call)) return {std::move(*wrong), true, {}};
    return tool.call(call, context);
}

}  // namespace tenon::testing
