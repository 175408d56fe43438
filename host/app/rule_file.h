#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"

namespace tenon::app {

/// The file of the user's configuration in `folder` that `rules` go into: the one that stands
/// there; where there is none, tenon.properties, or tenon.xml for rules that no line can hold.
std::filesystem::path user_configuration(const std::filesystem::path& folder,
                                         const std::vector<std::string>& rules);

/// Adds `rules` to `permissions.allow` of the user's configuration in `folder`: to tenon.xml, else
/// to tenon.properties, which is made when there is neither. Everything else in the file, comments
/// too, stays as it is; the file is replaced in one step, a symbolic link to it stays one. Rules
/// that stand there already are not repeated. Returns the file; the Error says why it was left
/// alone: it cannot be read, parsed or written.
Result<std::filesystem::path> allow_permanently(const std::filesystem::path& folder,
                                                const std::vector<std::string>& rules);

}  // namespace tenon::app
