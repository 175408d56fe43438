#pragma once

#include <ostream>
#include <string>

#include "host/base/result.h"

namespace tenon::cli {

/// Reads standard input, or another descriptor, to its end; at most 32 MiB. Empty when the program
/// was started without a standard input. Blocks.
Result<std::string> read_to_end(int fd);

/// Asks a question on a terminal, before there is an interactive session, and blocks until one line
/// has been entered. True for `y` or `yes`. Keys that were typed before the question was shown are
/// discarded. `question` may hold any text.
bool ask_yes_no(const std::string& question, std::ostream& err, int input);

}  // namespace tenon::cli
