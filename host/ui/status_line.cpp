#include "host/ui/status_line.h"

#include "host/base/duration.h"
#include "host/base/text_width.h"

namespace tenon::ui {
namespace {

constexpr std::chrono::seconds kWorthTelling{1};

}  // namespace

void add_time(Details& details, std::chrono::milliseconds time) {
    if (time >= kWorthTelling) details.push_back(duration_text(time));
}

std::string in_brackets(const Details& details) {
    std::string out;
    for (const std::string& detail : details)
        out.append(out.empty() ? " (" : ", ").append(detail);
    return out.empty() ? out : out + ")";
}

std::string status_line(const Mark& mark, std::string_view what, std::string_view behind,
                        std::size_t width, Style style) {
    const std::string line = paint(style, mark.look, mark.sign) + " ";
    return cut_before(line + std::string(what), paint(style, kDim, behind), width);
}

}  // namespace tenon::ui
