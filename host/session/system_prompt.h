#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/agent/ports.h"

namespace tenon::session {

/// What a session's model is told about its work; `of_plugins` is what plugins add to it.
/// `background_tool` is the tool that starts background jobs, or empty. The same for every session
/// with the same plugins, so that caches hold.
std::string system_prompt(const std::string& of_plugins, const std::string& background_tool);

/// What a subagent's model is told, where nothing else is asked for.
std::string subagent_prompt();

/// What varies, for the first user message: date, platform, workspace.
std::string environment_text(const std::filesystem::path& workspace);

/// The tools of a request, in their final form: a JSON array.
std::string tool_list(const std::vector<const agent::ToolSpec*>& tools);

}  // namespace tenon::session
