#include "host/cli/screen.h"

#include <algorithm>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/base/quantity.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kFewestColumns = 20;
constexpr std::size_t kFewestRows = 5;
constexpr std::size_t kMost = 10'000;

void take_size(std::size_t& size, std::string_view variable, std::size_t from_terminal,
               std::size_t fewest) {
    const auto asked = parse_integer(variable);
    if (asked && *asked > 0) {
        size = static_cast<std::size_t>(*asked);
    } else if (from_terminal > 0) {
        size = from_terminal;
    }
    size = std::clamp(size, fewest, kMost);
}

}  // namespace

Screen screen_of(int fd, const config::Environment& environment) {
    Screen screen;
    screen.terminal = fd >= 0 && ::isatty(fd) != 0;
    screen.escapes = screen.terminal && config::variable(environment, "TERM") != "dumb" &&
                     !config::variable(environment, "TERM").empty();
    screen.colour = screen.escapes && config::variable(environment, "NO_COLOR").empty();
    winsize size{};
    if (!screen.terminal || ::ioctl(fd, TIOCGWINSZ, &size) != 0) size = {};
    take_size(screen.columns, config::variable(environment, "COLUMNS"), size.ws_col,
              kFewestColumns);
    take_size(screen.rows, config::variable(environment, "LINES"), size.ws_row, kFewestRows);
    return screen;
}

}  // namespace tenon::cli
