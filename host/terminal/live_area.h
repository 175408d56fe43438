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

/// What stands below the finished lines, and moves down with them.
struct LiveRows {
    std::vector<std::string> rows;  ///< finished and styled, each within the width
    std::size_t cursor_row = 0;
    std::size_t cursor_column = 0;
};

/// Knows what it has drawn at the bottom of a terminal's normal screen, and writes the bytes that
/// change it. Finished lines go above and into the scrollback. Pure: bytes come back, nobody else
/// may write to the screen in between.
class LiveArea {
public:
    /// The bytes that put `finished` (lines, each ended) above, and `rows` below them.
    std::string update(std::string_view finished, LiveRows rows, ScreenSize size);
    /// The same after the terminal has changed its size: it may have broken long rows anew or cut
    /// them off, so the screen is written again where all of it is ours.
    std::string update_resized(std::string_view finished, LiveRows rows, ScreenSize size);
    /// The bytes that take the area away; the cursor stands where it began.
    std::string erase();
    /// The area is drawn anew at the cursor next time, since others have written to the screen.
    void forget();
    /// The bytes that scroll away all that stands on the screen; the area goes to the top.
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
    [[nodiscard]] std::size_t rows_up_if_broken_anew(std::size_t columns) const;

    LiveRows drawn_;
    std::size_t columns_ = 0;           // of the screen it was drawn on
    std::deque<std::string> finished_;  // the last finished lines
};

}  // namespace tenon::terminal
