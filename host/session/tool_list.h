#pragma once

#include <string>
#include <vector>

#include "host/agent/ports.h"

namespace tenon::session {

/// The tools of a request, in their final form: a JSON array.
std::string tool_list(const std::vector<const agent::ToolSpec*>& tools);

}  // namespace tenon::session
