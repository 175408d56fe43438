#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/terminal/key_decoder.h"
#include "host/terminal/live_area.h"
#include "host/terminal/paged_text.h"
#include "host/ui/style.h"

namespace tenon::terminal {

/// A plain pager: a position in a text, the effect of keys on it, and the bytes that draw it on a
/// whole screen. Lines are wrapped at the width. No I/O, no modes of the terminal.
///
/// Keys: Space, f, Page Down, b, Page Up: by a screen; Enter, j, Down, k, Up: by a row; g, Home, G,
/// End: to the beginning and the end; `/`: searches (small letters also find capitals), n, N: on
/// and back; q, Esc, Ctrl-C: close; Ctrl-O: closes, and asks for the text before this one.
class Pager {
public:
    /// `size` is that of the present screen.
    Pager(PagedText text, ui::Style style, ScreenSize size)
        : text_(std::move(text)), style_(style), size_(size) {}

    enum class Effect { kStays, kCloses, kAsksForOlder };
    Effect handle(const Key& key);
    /// Shown in the last row, beside the position; empty: nothing.
    void set_notice(std::string notice) { notice_ = std::move(notice); }
    /// The bytes that draw the screen; empty if it shows them already.
    std::string draw(ScreenSize size);
    /// The screen shows something else: the next `draw` draws all of it.
    void forget() { drawn_.clear(); }

private:
    /// A row of the wrapped text.
    struct Position {
        std::size_t line = 0;
        std::size_t row = 0;  ///< of the line
        bool operator==(const Position&) const = default;
    };
    Effect handle_character(wchar_t c);
    void handle_sequence(std::string_view sequence);
    void type_pattern(wchar_t c);
    void search(bool forward, std::size_t from);
    [[nodiscard]] bool has_match(const std::string& line) const;
    [[nodiscard]] std::size_t page() const { return size_.rows > 1 ? size_.rows - 1 : 1; }
    [[nodiscard]] std::vector<std::string> rows_of(std::size_t line) const;
    [[nodiscard]] Position moved_down(Position from, std::size_t rows) const;
    [[nodiscard]] Position moved_up(Position from, std::size_t rows) const;
    [[nodiscard]] Position last_page() const;
    void move(bool down, std::size_t rows);
    void go_to(Position position);
    [[nodiscard]] std::string last_row(std::size_t end_line) const;

    PagedText text_;
    ui::Style style_;
    ScreenSize size_;
    Position top_;
    std::optional<std::string> typing_;  // the pattern, while it is typed
    std::string pattern_;
    std::optional<std::size_t> match_;  // the line that was found last
    std::string message_;               // what came of the last key
    std::string notice_;
    std::string drawn_;
};

}  // namespace tenon::terminal
