#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/base/json.h"

namespace tenon::plugins {

/// One MCP server of a directory in the Agent Plugins form.
struct AgentServer {
    std::string name;
    std::string type;     ///< stdio, streamable-http or sse; empty when it states none of them
    std::string problem;  ///< why it cannot be used; empty: it is valid
};

struct AgentServers {
    std::vector<AgentServer> servers;  ///< in the order of their names
    std::string problem;               ///< why MCP is off for the directory; empty: it is not
};

/// Reads the text of an `mcp.json` of Agent Plugins 1.0.0. Each server is judged by itself. `root`
/// is the directory without links, which commands and working directories must not leave.
AgentServers read_agent_servers(const std::string& text, const std::filesystem::path& root);

}  // namespace tenon::plugins
