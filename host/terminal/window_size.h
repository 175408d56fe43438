#pragma once

#include <sys/ioctl.h>

#include "host/terminal/live_area.h"

namespace tenon::terminal {

/// Of the terminal behind `fd` now; 80 × 24 where it does not say.
inline ScreenSize window_size(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return {};
    return {size.ws_col == 0 ? 80U : size.ws_col, size.ws_row == 0 ? 24U : size.ws_row};
}

}  // namespace tenon::terminal
