#include "host/terminal/live_layout.h"

#include <algorithm>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kRowsForStatus = 3;  // a screen with fewer has none

/// Appends the last `room` of `lines`.
void append_end(const std::vector<std::string>& lines, std::size_t room, std::size_t columns,
                std::vector<std::string>& rows) {
    const std::size_t count = std::min(lines.size(), room);
    for (std::size_t i = lines.size() - count; i < lines.size(); ++i)
        rows.push_back(cut(lines[i], columns));
}

/// The first of `shown` rows around the cursor, which stays in sight.
std::size_t first_shown(const InputRows& input, std::size_t shown) {
    const std::size_t half = shown / 2;
    const std::size_t wanted = input.cursor_row > half ? input.cursor_row - half : 0;
    return std::min(wanted, input.rows.size() - shown);
}

}  // namespace

LiveRows lay_out(const LiveParts& parts, ScreenSize size) {
    const bool has_status = !parts.status.empty() && size.rows >= kRowsForStatus;
    std::size_t room = std::max<std::size_t>(1, size.rows) - (has_status ? 1 : 0);
    const std::size_t input = std::min(parts.input.rows.size(), room);
    room -= input;
    const std::size_t hints = std::min(parts.hints.size(), room);
    room -= hints;

    LiveRows live;
    append_end(parts.tail, room, size.columns, live.rows);
    append_end(parts.hints, hints, size.columns, live.rows);
    const std::size_t first = first_shown(parts.input, input);
    live.cursor_row = live.rows.size() + parts.input.cursor_row - first;
    live.cursor_column = std::min(parts.input.cursor_column, size.columns - 1);
    for (std::size_t i = first; i < first + input; ++i)
        live.rows.push_back(cut(parts.input.rows[i], size.columns));
    if (has_status) live.rows.push_back(cut(parts.status, size.columns));
    return live;
}

}  // namespace tenon::terminal
