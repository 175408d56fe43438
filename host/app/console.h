#pragma once

#include <ostream>

namespace tenon::app {

/// Where a sub-command talks: results to `out`, everything else to `err`; `input` may be a
/// terminal.
struct Console {
    std::ostream& out;
    std::ostream& err;
    int input = 0;
};

}  // namespace tenon::app
