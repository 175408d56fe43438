#pragma once

#include <cstddef>

#include "host/config/places.h"

/// What an output stream can show to people.
namespace tenon::cli {

struct Screen {
    bool terminal = false;  ///< a person sees it
    bool escapes = false;   ///< it understands escape sequences: a terminal, and TERM is not dumb
    bool colour = false;    ///< escapes, and NO_COLOR is not set
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// The screen of the terminal `fd` at this moment. A descriptor that is not a terminal gives a
/// screen without escape sequences. If COLUMNS and LINES are numbers, they override the terminal's
/// size.
Screen screen_of(int fd, const config::Environment& environment);

}  // namespace tenon::cli
