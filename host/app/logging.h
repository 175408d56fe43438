#pragma once

#include <functional>
#include <string>

#include "host/base/result.h"
#include "host/config/settings.h"

namespace tenon::app {

/// Makes the program's log: level, file (else standard error), text or one JSON object a line. Call
/// it once, before anything is logged. The error names the file that cannot be written.
Result<void> start_logging(const config::Settings::Log& log);

/// From now on messages go to `show` instead of standard error, a line a call, from any thread;
/// without one, to standard error again. Call it while no other thread logs.
void show_log(std::function<void(const std::string& line)> show);

}  // namespace tenon::app
