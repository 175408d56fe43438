#pragma once

#include "host/config/settings.h"
#include "host/plugins/loader.h"

namespace tenon::session {

/// Where plugins are found and how they are configured, according to `settings`.
plugins::LoaderOptions loader_options(const config::Settings& settings, plugins::LogSink log);

}  // namespace tenon::session
