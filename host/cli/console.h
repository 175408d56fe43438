#pragma once

#include <ostream>

namespace tenon::cli {

/// The streams of a sub-command: results go to `out`, everything else to `err`. `input` may be a
/// terminal.
struct Console {
    std::ostream& out;
    std::ostream& err;
    int input = 0;
    int output = -1;  ///< the descriptor of `out`, to find out whether it is a terminal; -1: none
};

}  // namespace tenon::cli
