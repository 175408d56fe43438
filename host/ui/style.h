#pragma once

#include <string>
#include <string_view>

/// Styled text. The colours are from the terminal's own palette of sixteen, and only those that can
/// be read on dark and on light backgrounds. Pure functions.
namespace tenon::ui {

/// kPlain uses no escape sequence: for NO_COLOR, TERM=dumb, and output that is no terminal.
enum class Style { kPlain, kColour };

enum class Ink { kDefault, kRed, kGreen, kBlue, kMagenta, kCyan };

struct Look {
    Ink ink = Ink::kDefault;
    bool bold = false;
    bool dim = false;
    bool italic = false;
    bool underline = false;
    bool strike = false;

    bool operator==(const Look&) const = default;
};

inline constexpr Look kDim{.dim = true};
inline constexpr Look kBold{.bold = true};
inline constexpr Look kGood{.ink = Ink::kGreen};
inline constexpr Look kBad{.ink = Ink::kRed};
inline constexpr Look kAttention{.ink = Ink::kMagenta};
inline constexpr Look kCode{.ink = Ink::kCyan};

/// `text` between the SGR sequence of `look` and a reset. `text` must not contain any.
std::string paint(Style style, const Look& look, std::string_view text);

}  // namespace tenon::ui
