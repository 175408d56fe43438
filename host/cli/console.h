#pragma once

#include <ostream>

namespace tenon::cli {

/// Where a sub-command talks: results to `out`, everything else to `err`; `input` may be a
/// terminal.
struct Console {
    std::ostream& out;
    std::ostream& err;
    int input = 0;
    int output =
        -1;  ///< the descriptor behind `out`, for what depends on a terminal there; -1: none
};

}  // namespace tenon::cli
