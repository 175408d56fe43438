#pragma once

#include <cstddef>

#include "host/config/places.h"

/// What an output stream can show.
namespace tenon::cli {

struct Screen {
    bool terminal = false;  ///< it is a terminal
    bool escapes = false;   ///< it understands escape sequences: a terminal, and TERM is not dumb
    bool colour = false;    ///< escapes, and NO_COLOR is not set
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// The present screen of the terminal `fd`; without escape sequences if `fd` is no terminal.
/// COLUMNS and LINES override the size of the terminal if they are numbers.
Screen screen_of(int fd, const config::Environment& environment);

}  // namespace tenon::cli
