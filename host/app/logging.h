#pragma once

#include "host/app/settings.h"
#include "host/base/result.h"

namespace tenon::app {

/// Makes the program's log: level, file (else standard error), text or one JSON object a line. Call
/// it once, before anything is logged. The error names the file that cannot be written.
Result<void> start_logging(const Settings::Log& log);

}  // namespace tenon::app
