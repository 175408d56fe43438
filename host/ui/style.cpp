#include "host/ui/style.h"

namespace tenon::ui {
namespace {

/// ECMA-48, select graphic rendition.
std::string_view parameter(Ink ink) {
    switch (ink) {
        case Ink::kRed:
            return "31";
        case Ink::kGreen:
            return "32";
        case Ink::kBlue:
            return "34";
        case Ink::kMagenta:
            return "35";
        case Ink::kCyan:
            return "36";
        case Ink::kDefault:
            break;
    }
    return "";
}

std::string parameters(const Look& look) {
    std::string out;
    const auto add = [&](bool wanted, std::string_view parameter) {
        if (wanted) out.append(out.empty() ? "" : ";").append(parameter);
    };
    add(look.bold, "1");
    add(look.dim, "2");
    add(look.italic, "3");
    add(look.underline, "4");
    add(look.strike, "9");
    add(look.ink != Ink::kDefault, parameter(look.ink));
    return out;
}

}  // namespace

std::string paint(Style style, const Look& look, std::string_view text) {
    if (style == Style::kPlain || text.empty() || look == Look{}) return std::string(text);
    return std::string("\x1b[").append(parameters(look)).append("m").append(text).append("\x1b[0m");
}

}  // namespace tenon::ui
