#pragma once

#include <string>
#include <vector>

#include "host/agent/ports.h"

namespace tenon::agent {

/// The text block that delivers the ends of background jobs to the model:
/// <background-results>, one `[bg:ID] STATUS: RESULT` an entry, </background-results>. Results over
/// 500 characters keep the first 150 and the last 350; continuation lines are indented, and the
/// block's own tags inside a result are escaped, so that output can forge neither an entry nor the
/// end.
std::string format_notifications(const std::vector<JobEnded>& ended);

}  // namespace tenon::agent
