#pragma once

#include <string>

#include "host/base/json.h"

/// Parts of a model's answers, and what the program prints about them.
namespace tenon::testing {

inline nlohmann::ordered_json tool_use(const std::string& id, const std::string& tool,
                                       const nlohmann::ordered_json& input) {
    return {{"type", "tool_use"}, {"id", id}, {"name", tool}, {"input", input}};
}

/// A call of a tool whose only argument is a command.
inline nlohmann::ordered_json command_use(const std::string& id, const std::string& command,
                                          const std::string& tool = "bash") {
    return tool_use(id, tool, {{"command", command}});
}

/// The last line of an output as JSON: the result object, where a run has printed JSON lines.
inline Json last_line(const std::string& output) {
    const auto end = output.find_last_not_of('\n');
    const auto begin = output.rfind('\n', end);
    return Json::parse(output.substr(begin == std::string::npos ? 0 : begin + 1), nullptr, false);
}

}  // namespace tenon::testing
