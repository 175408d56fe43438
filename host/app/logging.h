#pragma once

#include <functional>
#include <string>

#include "host/base/result.h"
#include "host/config/settings.h"

namespace tenon::app {

/// Creates the program's log: level, file (else standard error), text or one JSON object a line.
/// Call it once, before anything is logged. The Error names the file that cannot be written.
Result<void> start_logging(const config::Settings::Log& log);

/// Sends the messages of the log to `show`, one line a call, on the thread that logs; an empty
/// `show` sends them to standard error again. Call it while no other thread logs.
void show_log(std::function<void(const std::string& line)> show);

}  // namespace tenon::app
