#pragma once

#include <ostream>
#include <string>

namespace tenon::cli {

/// Asks a question on a terminal, before there is an interactive session, and blocks until one line
/// has been entered. True for `y` or `yes`. Keys that were typed before the question was shown are
/// discarded. `question` may hold any text.
bool ask_yes_no(const std::string& question, std::ostream& err, int input);

}  // namespace tenon::cli
