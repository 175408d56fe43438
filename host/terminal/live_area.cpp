#include "host/terminal/live_area.h"

#include <algorithm>
#include <utility>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

// "Synchronized output": terminals show the whole change at once, or ignore the sequences.
constexpr std::string_view kBeginChange = "\033[?2026h";
constexpr std::string_view kEndChange = "\033[?2026l";

// Rows that are too long since the terminal has just become narrower are cut, not wrapped: each row
// stays one row of the screen.
constexpr std::string_view kCutRows = "\033[?7l";
constexpr std::string_view kWrapRows = "\033[?7h";

// Not simply \033[J from the first column: tmux would move the rows into its scrollback when that
// clears the whole screen.
constexpr std::string_view kClearBelow = "\033[K\033[C\033[J\r";

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

void LiveArea::terminal_rewraps() {
    rewraps_ = true;
    above_.clear();
}

std::string LiveArea::go_to_start(std::size_t rows_up) const {
    if (drawn_.rows.empty()) return "";
    return "\r" + move_cursor(rows_up, 'A') + std::string(kClearBelow);
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
    if (drawn_.rows.empty()) return "";
    std::string bytes(kCutRows);
    for (std::size_t i = 0; i < drawn_.rows.size(); ++i)
        bytes += (i == 0 ? "" : "\r\n") + drawn_.rows[i];
    return bytes + std::string(kWrapRows) + "\r" +
           move_cursor(drawn_.rows.size() - 1 - drawn_.cursor_row, 'A') +
           move_cursor(drawn_.cursor_column, 'C');
}

/// Needs as many rows as before; writes only those that differ. A terminal that becomes lower may
/// remove rows below the cursor (tmux does) some time before the program learns of it. So the way
/// down is made of line feeds: at the end of such a screen they make a row, where a cursor movement
/// would stop, and all that follows would be drawn too high, over finished lines.
std::string LiveArea::change_rows(LiveRows rows) {
    std::string bytes(kCutRows);
    std::size_t at = drawn_.cursor_row;
    const auto go_to = [&](std::size_t row) {
        bytes += row < at ? move_cursor(at - row, 'A') : std::string(row - at, '\n');
        at = row;
    };
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
        if (rows.rows[i] == drawn_.rows[i]) continue;
        go_to(i);
        // Clear first: after a full row the cursor is still on its last column.
        bytes += "\r\033[K" + rows.rows[i];
    }
    go_to(rows.cursor_row);
    bytes += std::string(kWrapRows) + "\r" + move_cursor(rows.cursor_column, 'C');
    drawn_ = std::move(rows);
    return bytes;
}

std::string LiveArea::update(std::string_view finished, LiveRows rows, ScreenSize size) {
    columns_ = size.columns;
    remember(finished, size);
    keep_above(size.rows - std::min(size.rows, rows.rows.size()));
    if (finished.empty() && !drawn_.rows.empty() && rows.rows.size() == drawn_.rows.size())
        return in_one_change(change_rows(std::move(rows)));
    return replace(drawn_.cursor_row, finished, std::move(rows));
}

void LiveArea::screen_changed(ScreenSize size) {
    columns_ = std::min(columns_, size.columns);
    // Some terminals join the rows of a line again. Then nobody knows how many rows it has.
    const auto unsure = std::find_if(above_.rbegin(), above_.rend(), [&](const FinishedLine& line) {
        return line.height > 1 && wrapped_height(line.text, size.columns) < line.height;
    });
    above_.erase(above_.begin(), unsure.base());
    keep_above(size.rows - std::min(size.rows, drawn_.rows.size()));
}

std::string LiveArea::update_resized(std::string_view finished, LiveRows rows, ScreenSize size) {
    screen_changed(size);
    const std::size_t wrapped = rows_up_if_wrapped(size.columns);
    const std::size_t last_row = size.rows - std::min<std::size_t>(size.rows, 1);
    std::size_t up = drawn_.cursor_row;
    std::string lines;
    if (rewraps_) {
        up = std::min(wrapped, last_row);
    } else {
        const auto first =
            above_.end() - static_cast<std::ptrdiff_t>(count_to_rewrite(wrapped - up));
        for (auto line = first; line != above_.end(); ++line) {
            up += line->height;
            lines += line->text + "\n";
        }
        above_.erase(first, above_.end());
    }
    columns_ = size.columns;
    lines += finished;
    remember(lines, size);
    keep_above(size.rows - std::min(size.rows, rows.rows.size()));
    return replace(up, lines, std::move(rows));
}

/// How many of the last finished lines are written again: those that the terminal has cut, and
/// so many that rows of the area are covered that it has wrapped.
std::size_t LiveArea::count_to_rewrite(std::size_t wrapped_more) const {
    if (drawn_.rows.empty()) return 0;
    std::size_t count = 0, height = 0;
    for (std::size_t i = 1; i <= above_.size(); ++i) {
        const FinishedLine& line = above_[above_.size() - i];
        if (height < wrapped_more || width_of(line.text) > columns_) count = i;
        height += line.height;
    }
    return count;
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
    above_.clear();
}

std::string LiveArea::clear_screen(ScreenSize size) {
    return erase() + std::string(size.rows - 1, '\n') + "\033[H" + std::string(kClearBelow);
}

void LiveArea::remember(std::string_view finished, ScreenSize size) {
    if (rewraps_) return;
    while (!finished.empty()) {
        const std::size_t end = std::min(finished.find('\n'), finished.size());
        const std::string_view line = finished.substr(0, end);
        above_.push_back({std::string(line), wrapped_height(line, size.columns)});
        finished.remove_prefix(std::min(end + 1, finished.size()));
    }
}

/// Forgets the first lines, so that the others have at most `rows`.
void LiveArea::keep_above(std::size_t rows) {
    std::size_t height = 0, count = 0;
    while (count < above_.size() && height + above_[above_.size() - count - 1].height <= rows)
        height += above_[above_.size() - ++count].height;
    above_.erase(above_.begin(), above_.end() - static_cast<std::ptrdiff_t>(count));
}

}  // namespace tenon::terminal
