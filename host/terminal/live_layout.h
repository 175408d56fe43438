#pragma once

#include <string>
#include <vector>

#include "host/terminal/input_rows.h"
#include "host/terminal/live_area.h"

namespace tenon::terminal {

/// What can stand in the live area, from top to bottom.
struct LiveParts {
    std::vector<std::string> tail;
    std::vector<std::string> hints;  ///< candidates of a completion, the pattern of a search
    InputRows input;
    std::string status;
};

/// The rows for a screen of that size, each cut to its width, at most as many as it has. Where
/// there is too little room, the input gives way down to the row of the cursor, and the tail keeps
/// its end. The status goes first of all. Pure. With a question: see question_rows.
LiveRows lay_out(const LiveParts& parts, ScreenSize size);

}  // namespace tenon::terminal
