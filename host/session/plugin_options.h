#pragma once

#include <filesystem>

#include "host/config/settings.h"
#include "host/plugins/loader.h"

namespace tenon::session {

/// Where plugins are found and how they are configured, according to `settings`, for the
/// installation below `prefix`.
plugins::LoaderOptions loader_options(const config::Settings& settings,
                                      const std::filesystem::path& prefix, plugins::LogSink log);

}  // namespace tenon::session
