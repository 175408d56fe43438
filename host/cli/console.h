#pragma once

#include <ostream>
#include <string>

namespace tenon::cli {

/// Exit codes of the program and of its sub-commands.
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;  ///< wrong usage or configuration

/// The streams of a sub-command: results go to `out`, everything else to `err`. `input` may be a
/// terminal.
struct Console {
    std::ostream& out;
    std::ostream& err;
    int input = 0;
    int output = -1;  ///< the descriptor of `out`, to find out whether it is a terminal; -1: none
};

/// Prints one line on standard error and returns `code`.
int complain(const Console& console, const std::string& message, int code);

/// Prints one JSON document on standard output. On a terminal, control characters are printed as
/// JSON escapes.
void print_json(const Console& console, const std::string& json);

/// Flushes standard output and returns the exit code: 1 when it could not be written, else `code`.
int finish(const Console& console, int code);

}  // namespace tenon::cli
