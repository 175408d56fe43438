#pragma once

#include <string>
#include <vector>

#include "host/config/settings.h"

namespace tenon::cli {

/// What is doubtful in the configuration of plugins and in permission rules, as far as this is
/// known without running the code of third-party plugins: a sentence for each plugin that will be
/// left out, for each key, grant or rule. A plugin's own keys are checked as its load does, against
/// the schema that it stated the last time; where that is not known, one sentence says so. Rules
/// that name no tool of any known plugin are among it. Loads the plugins of the host. Blocks on
/// files.
std::vector<std::string> doubtful_settings_of_plugins(const config::Settings& settings);

}  // namespace tenon::cli
