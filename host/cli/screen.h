#pragma once

#include <cstddef>

#include "host/config/places.h"

/// What a stream of text for people can show.
namespace tenon::cli {

struct Screen {
    bool terminal = false;  ///< a person sees it
    bool escapes = false;   ///< it understands escape sequences: a terminal, and TERM is not dumb
    bool colour = false;    ///< escapes, and NO_COLOR is not set
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// Asks the terminal behind `fd` now; a descriptor that is none gives a plain screen. COLUMNS and
/// LINES, where they hold a number, come before what the terminal says.
Screen screen_of(int fd, const config::Environment& environment);

}  // namespace tenon::cli
