#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/result.h"

/// Programs of the user that get the terminal for a while: an editor, a pager.
namespace tenon::terminal {

/// What happened while the terminal belonged to another program. See Terminal::wait_outside.
struct OutsideEvents {
    bool readable = false;  ///< the descriptor
    bool resized = false;   ///< the terminal may have another size
    bool must_end = false;  ///< the terminal is closing: the other program has to end soon
};

struct OutsideProgram {
    /// For /bin/sh, which adds `arguments` as its last words: the value of $EDITOR or $PAGER.
    std::string command;
    std::vector<std::string> arguments = {};
    /// Variables that the program gets in addition to, or instead of, those of this process.
    std::vector<std::pair<std::string, std::string>> environment = {};
    int input = -1;  ///< its standard input; -1: the terminal
};

/// Starts `program` with the terminal as its input and output, a clean signal mask and no other
/// descriptor. Waits for its end with `wait`, which is Terminal::wait_outside. Returns its exit
/// code, or 128 + the signal that ended it. When `wait` says that it must end, it gets SIGHUP and
/// SIGTERM, and SIGKILL if that has no effect. An Error: it was not started.
///
/// The program stays in the process group of this one, as the editor of git does: Ctrl-Z stops
/// both, and Ctrl-C reaches both. The caller ignores SIGINT meanwhile.
Result<int> run_outside_program(
    const OutsideProgram& program, int terminal_in, int terminal_out,
    const std::function<OutsideEvents(int fd, std::chrono::milliseconds timeout)>& wait);

}  // namespace tenon::terminal
