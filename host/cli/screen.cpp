#include "host/cli/screen.h"

#include <algorithm>
#include <clocale>
#include <cstdint>
#include <cwchar>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/base/quantity.h"
#include "host/base/utf8.h"

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

/// The C library's table of widths is part of a locale; this program sets none.
class Utf8Locale {
public:
    Utf8Locale() {
        static const locale_t kLocale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        known_ = kLocale != nullptr;
        if (known_) before_ = ::uselocale(kLocale);
    }
    ~Utf8Locale() {
        if (known_) ::uselocale(before_);
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;

    [[nodiscard]] std::size_t width(std::string_view character) const {
        wchar_t wide = 0;
        std::mbstate_t state{};
        if (!known_ || character.size() == 1 ||
            std::mbrtowc(&wide, character.data(), character.size(), &state) > character.size()) {
            return 1;
        }
        return static_cast<std::size_t>(std::max(0, ::wcwidth(wide)));
    }

private:
    bool known_ = false;
    locale_t before_{};
};

/// The first characters that fit.
std::string_view first_columns(std::string_view text, std::size_t columns) {
    const Utf8Locale locale;
    std::size_t taken = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view character = utf8::first(text.substr(at), 1);
        taken += locale.width(character);
        if (taken > columns) return text.substr(0, at);
        at += character.size();
    }
    return text;
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

std::size_t width_of(std::string_view text) {
    const Utf8Locale locale;
    std::size_t width = 0;
    while (!text.empty()) {
        const std::string_view character = utf8::first(text, 1);
        width += locale.width(character);
        text.remove_prefix(character.size());
    }
    return width;
}

std::string fitted(std::string_view text, std::size_t columns) {
    if (const std::string_view whole = first_columns(text, columns); whole.size() == text.size()) {
        return std::string(text);
    }
    if (columns == 0) return {};
    return std::string(first_columns(text, columns - 1)) + "…";
}

}  // namespace tenon::cli
