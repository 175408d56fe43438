#pragma once

#include <string>

#include "host/agent/message.h"
#include "host/agent/tool_facts.h"

namespace tenon::ui {

/// What a tool call is and acts on, in one line without styling: `name` and `subject`, which may be
/// empty. Controls in it are written as escapes: what is shown is what was asked for. Not cut.
struct ToolSubject {
    std::string name;
    std::string subject;
};
/// Of a tool that states no subject, the name holds all arguments: `name(key: value, …)`.
ToolSubject subject_of(const agent::ToolCall& call, const agent::ToolFacts& facts);

}  // namespace tenon::ui
