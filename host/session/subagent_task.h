#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"

namespace tenon::session {

/// The task of a subagent: the parameters of agent.run/1 (sdk/README.md).
struct SubagentTask {
    std::string prompt;
    std::string title;                              ///< one line, for people
    std::string system;                             ///< empty: the host's default
    std::string model;                              ///< empty: the session's
    std::optional<std::vector<std::string>> tools;  ///< none: all tools for subagents
    std::vector<std::string> disallowed_tools;
    std::optional<std::int64_t> max_turns;
};

/// The Error names the parameter and says what it must be.
Result<SubagentTask> read_subagent_task(const Json& params);

}  // namespace tenon::session
