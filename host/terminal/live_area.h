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
///
/// When the width changes, some terminals wrap the rows that no longer fit, others cut them. Nobody
/// tells which, so that no way is right everywhere. Whatever the terminal does, no finished line is
/// erased without being written again.
class LiveArea {
public:
    /// `rewraps`: the terminal is known to wrap rows that become too long. Of others it is assumed
    /// that they cut them; if such a terminal wraps them after all, some lines can appear twice.
    explicit LiveArea(bool rewraps = false) : rewraps_(rewraps) {}
    /// The same, once the terminal has said which one it is.
    void terminal_rewraps();

    /// Puts `finished` (lines that end with a line feed) above, and `rows` below them.
    std::string update(std::string_view finished, LiveRows rows, ScreenSize size);
    /// Call it for each new size that is seen before `update_resized` is called for the last one.
    void screen_changed(ScreenSize size);
    /// As `update`, after the size of the terminal has changed. Also writes finished lines again
    /// that the terminal has cut.
    std::string update_resized(std::string_view finished, LiveRows rows, ScreenSize size);
    /// Erases the area; the cursor goes to its beginning.
    std::string erase();
    /// Call it when others have written to the screen: the area is next drawn at the cursor.
    void forget();
    /// Scrolls everything off the screen; the area goes to the top.
    std::string clear_screen(ScreenSize size);

private:
    struct FinishedLine {
        std::string text;
        std::size_t height = 1;  // rows of the screen
    };

    [[nodiscard]] std::string go_to_start(std::size_t rows_up) const;
    std::string replace(std::size_t rows_up, std::string_view finished, LiveRows rows);
    std::string draw(LiveRows rows);
    std::string change_rows(LiveRows rows);
    void remember(std::string_view finished, ScreenSize size);
    void keep_above(std::size_t rows);
    [[nodiscard]] std::size_t count_to_rewrite(std::size_t wrapped_more) const;
    [[nodiscard]] std::size_t rows_up_if_wrapped(std::size_t columns) const;

    bool rewraps_;
    LiveRows drawn_;
    std::size_t columns_ = 0;         // the fewest that the screen has had since it was drawn
    std::deque<FinishedLine> above_;  // which stand directly above the area on the screen
};

}  // namespace tenon::terminal
