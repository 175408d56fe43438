#pragma once

#include "host/base/result.h"
#include "host/terminal/terminal.h"

namespace tenon::sitting {

/// Shows `text` in the program of $PAGER, which /bin/sh runs with the text as its input; without it
/// in Tenon's own pager. A dumb terminal prints the text. Blocks while a program of the user runs.
/// Error: that program could not be started.
Result<void> show_in_pager(terminal::Terminal& terminal, terminal::PagedText text, bool dumb);

}  // namespace tenon::sitting
