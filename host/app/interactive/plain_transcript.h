#pragma once

#include <string>
#include <vector>

#include "host/agent/event.h"

namespace tenon::app {

/// What happens in a session as plain lines.
class PlainTranscript {
public:
    /// The lines to print for it.
    std::vector<std::string> take(const agent::AgentEvent& event);
};

}  // namespace tenon::app
