#pragma once

#include <ostream>
#include <string>

namespace tenon::cli {

/// Asks on a terminal, before there is an interactive session, and waits for one line of it: true
/// for y or yes. Keys that were typed before the question stood there do not answer it. `question`
/// may hold anything.
bool ask_yes_no(const std::string& question, std::ostream& err, int input);

}  // namespace tenon::cli
