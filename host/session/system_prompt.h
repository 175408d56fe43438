#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/agent/ports.h"

namespace tenon::session {

/// The system prompt of a session; `of_plugins` is the text that plugins add. `background_tool` is
/// the tool that starts background jobs, or empty. It is the same for every session with the same
/// plugins, so that providers can cache it.
std::string system_prompt(const std::string& of_plugins, const std::string& background_tool);

/// The system prompt of a subagent whose task has none.
std::string subagent_prompt();

/// The part that varies, for the first user message: date, platform, workspace.
std::string environment_text(const std::filesystem::path& workspace);

/// The tools of a request, in their final form: a JSON array.
std::string tool_list(const std::vector<const agent::ToolSpec*>& tools);

}  // namespace tenon::session
