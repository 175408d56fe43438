#pragma once

#include <filesystem>
#include <string>

namespace tenon::app {

/// What every session's model is told about its work. The same for every session, so that caches
/// hold.
std::string system_prompt();

/// What varies, for the first user message: date, platform, workspace.
std::string environment_text(const std::filesystem::path& workspace);

}  // namespace tenon::app
