#include "host/terminal/live_area.h"

#include <algorithm>
#include <utility>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

constexpr std::size_t kRememberedLines = 500;     // more than a screen has
constexpr std::size_t kLongestRemembered = 4096;  // bytes of a line

// "Synchronized output": terminals show the whole change at once, or ignore the sequences.
constexpr std::string_view kBeginChange = "\033[?2026h";
constexpr std::string_view kEndChange = "\033[?2026l";

std::string move_cursor(std::size_t count, char direction) {
    return count == 0 ? "" : "\033[" + std::to_string(count) + direction;
}

std::size_t wrapped_height(std::string_view line, std::size_t columns) {
    const std::size_t width = width_of(line);
    return width == 0 ? 1 : (width + columns - 1) / columns;
}

std::string in_one_change(std::string bytes) {
    return std::string(kBeginChange) + std::move(bytes) + std::string(kEndChange);
}

/// Carriage returns before line feeds: then the modes of the terminal do not matter.
std::string with_returns(std::string_view lines) {
    std::string text;
    for (const char c : lines) {
        if (c == '\n') text += '\r';
        text += c;
    }
    return text;
}

}  // namespace

std::string LiveArea::go_to_start(std::size_t rows_up) const {
    if (drawn_.rows.empty()) return "";
    return "\r" + move_cursor(rows_up, 'A') + "\033[J";
}

/// Erases from `rows_up` rows above the cursor on, and draws.
std::string LiveArea::replace(std::size_t rows_up, std::string_view finished, LiveRows rows) {
    std::string bytes = go_to_start(rows_up);
    bytes += with_returns(finished);
    bytes += draw(std::move(rows));
    return in_one_change(std::move(bytes));
}

std::string LiveArea::draw(LiveRows rows) {
    drawn_ = std::move(rows);
    std::string bytes;
    for (std::size_t i = 0; i < drawn_.rows.size(); ++i)
        bytes += (i == 0 ? "" : "\r\n") + drawn_.rows[i];
    if (drawn_.rows.empty()) return bytes;
    return bytes + "\r" + move_cursor(drawn_.rows.size() - 1 - drawn_.cursor_row, 'A') +
           move_cursor(drawn_.cursor_column, 'C');
}

/// Needs as many rows as before; writes only those that differ.
std::string LiveArea::change_rows(LiveRows rows) {
    std::string bytes;
    std::size_t at = drawn_.cursor_row;
    const auto go_to = [&](std::size_t row) {
        bytes += row < at ? move_cursor(at - row, 'A') : move_cursor(row - at, 'B');
        at = row;
    };
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
        if (rows.rows[i] == drawn_.rows[i]) continue;
        go_to(i);
        // Clear first: after a full row the cursor is still on its last column.
        bytes += "\r\033[K" + rows.rows[i];
    }
    go_to(rows.cursor_row);
    bytes += "\r" + move_cursor(rows.cursor_column, 'C');
    drawn_ = std::move(rows);
    return bytes;
}

std::string LiveArea::update(std::string_view finished, LiveRows rows, ScreenSize size) {
    columns_ = size.columns;
    remember(finished);
    if (finished.empty() && !drawn_.rows.empty() && rows.rows.size() == drawn_.rows.size())
        return in_one_change(change_rows(std::move(rows)));
    return replace(drawn_.cursor_row, finished, std::move(rows));
}

std::string LiveArea::update_resized(std::string_view finished, LiveRows rows, ScreenSize size) {
    if (!finished.empty()) {
        // They scroll up from the screen of the new size. If they were repainted with it, those
        // that do not fit would never reach the scrollback.
        const std::string bytes = update_resized({}, rows, size);
        return bytes + update(finished, std::move(rows), size);
    }
    const std::size_t old_columns = std::exchange(columns_, size.columns);
    if (size.columns == old_columns)
        return replace(std::min(drawn_.cursor_row, size.rows - 1), {}, std::move(rows));
    const std::size_t room = size.rows - std::min(size.rows, rows.rows.size());
    const auto above = last_finished_rows(size.columns, room);
    if (above.size() == room) return repaint(above, std::move(rows));
    const std::size_t up = std::min(rows_up_if_wrapped(size.columns), size.rows - 1);
    return replace(up, {}, std::move(rows));
}

/// Writes the whole screen row by row. Some terminals move a screen that is cleared at once into
/// the scrollback, which has its lines already.
std::string LiveArea::repaint(const std::vector<std::string>& above, LiveRows rows) {
    constexpr std::string_view kClearRow = "\033[K";
    std::string bytes = "\033[H";
    for (const std::string& row : above)
        bytes.append(kClearRow).append(row).append("\r\n");
    bytes += kClearRow;
    std::vector<std::string> plain = rows.rows;
    for (std::size_t i = 1; i < rows.rows.size(); ++i)
        rows.rows[i].insert(0, kClearRow);
    bytes += draw(std::move(rows));
    drawn_.rows = std::move(plain);
    return in_one_change(std::move(bytes));
}

/// Most terminals wrap rows that became too long, and keep the cursor on its character.
std::size_t LiveArea::rows_up_if_wrapped(std::size_t columns) const {
    if (drawn_.rows.empty()) return 0;
    std::size_t up = drawn_.cursor_column / columns;
    for (std::size_t i = 0; i < drawn_.cursor_row; ++i)
        up += wrapped_height(drawn_.rows[i], columns);
    return up;
}

std::string LiveArea::erase() {
    std::string bytes = go_to_start(drawn_.cursor_row);
    forget();
    return bytes;
}

void LiveArea::forget() {
    drawn_ = {};
}

std::string LiveArea::clear_screen(ScreenSize size) {
    std::string bytes = erase() + std::string(size.rows - 1, '\n') + "\033[H\033[J";
    finished_.clear();
    return bytes;
}

void LiveArea::remember(std::string_view finished) {
    while (!finished.empty()) {
        const std::size_t end = std::min(finished.find('\n'), finished.size());
        finished_.emplace_back(end <= kLongestRemembered ? finished.substr(0, end)
                                                         : std::string_view("…"));
        finished.remove_prefix(std::min(end + 1, finished.size()));
    }
    while (finished_.size() > kRememberedLines)
        finished_.pop_front();
}

/// The last rows, at most `count`, of the remembered lines.
std::vector<std::string> LiveArea::last_finished_rows(std::size_t columns,
                                                      std::size_t count) const {
    std::vector<std::string> rows;
    for (auto line = finished_.rbegin(); line != finished_.rend() && rows.size() < count; ++line) {
        std::vector<std::string> folded = fold(*line, columns);
        rows.insert(rows.end(), folded.rbegin(), folded.rend());
    }
    rows.resize(std::min(rows.size(), count));
    std::reverse(rows.begin(), rows.end());
    return rows;
}

}  // namespace tenon::terminal
