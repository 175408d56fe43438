#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::terminal {

struct ScreenSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
    bool operator==(const ScreenSize&) const = default;
};

/// The rows below the finished lines, which move down as lines are added.
struct LiveRows {
    std::vector<std::string> rows;  ///< styled, each within the width
    std::size_t cursor_row = 0;
    std::size_t cursor_column = 0;
};

/// Knows the rows that it has drawn at the bottom of a terminal's normal screen, and computes the
/// bytes that change them. Finished lines go above, into the scrollback. No I/O: the caller writes
/// the bytes, and nothing else may write to the screen in between (or see `forget`).
class LiveArea {
public:
    /// Puts `finished` (lines that end with a line feed) above, and `rows` below them.
    std::string update(std::string_view finished, LiveRows rows, ScreenSize size);
    /// The same after the size of the terminal has changed. The terminal may have wrapped or cut
    /// long rows, so the whole screen is written again if the remembered lines fill it.
    std::string update_resized(std::string_view finished, LiveRows rows, ScreenSize size);
    /// Erases the area; the cursor goes to its beginning.
    std::string erase();
    /// Call it when others have written to the screen: the area is next drawn at the cursor.
    void forget();
    /// Scrolls everything off the screen; the area goes to the top.
    std::string clear_screen(ScreenSize size);

private:
    [[nodiscard]] std::string go_to_start(std::size_t rows_up) const;
    std::string replace(std::size_t rows_up, std::string_view finished, LiveRows rows);
    std::string repaint(const std::vector<std::string>& above, LiveRows rows);
    std::string draw(LiveRows rows);
    std::string change_rows(LiveRows rows);
    void remember(std::string_view finished);
    [[nodiscard]] std::vector<std::string> last_finished_rows(std::size_t columns,
                                                              std::size_t count) const;
    [[nodiscard]] std::size_t rows_up_if_wrapped(std::size_t columns) const;

    LiveRows drawn_;
    std::size_t columns_ = 0;           // of the screen it was drawn on
    std::deque<std::string> finished_;  // the last finished lines
};

}  // namespace tenon::terminal
