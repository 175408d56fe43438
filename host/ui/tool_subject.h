#pragma once

#include <string>

#include "host/agent/message.h"

namespace tenon::ui {

/// What a tool call is and acts on, in one line without styling: `name` and `subject`, which may be
/// empty. Controls in it are written as escapes: what is shown is what was asked for. Not cut.
struct ToolSubject {
    std::string name;
    std::string subject;
};
ToolSubject subject_of(const agent::ToolCall& call);

}  // namespace tenon::ui
