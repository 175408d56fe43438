#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/terminal/live_area.h"

/// The rows of the live area while no question is open (for those see question_rows). Pure.
namespace tenon::terminal {

/// The edited line as rows of a screen, and the position of the cursor in them.
struct InputRows {
    std::vector<std::string> rows;  ///< at least one
    std::size_t cursor_row = 0;
    std::size_t cursor_column = 0;
};

/// Puts the text before and behind the cursor into rows of at most `columns`. The first row begins
/// with `prompt`, which may be styled; the others are indented by its width. A row ends at a blank
/// where it has one: a word is broken only when it is longer than a row. The cursor always has
/// a column of its own, also behind a full row. Characters that cannot be printed become `^C` or
/// U+FFFD.
InputRows lay_out_input(std::string_view before, std::string_view after, std::string_view prompt,
                        std::size_t columns);

/// The parts of the live area, from top to bottom.
struct LiveParts {
    std::vector<std::string> tail;
    std::vector<std::string> waiting;  ///< what is not finished yet
    std::vector<std::string> hints;    ///< the pattern of a search
    InputRows input;
    std::vector<std::string> menu;  ///< what the word before the cursor can become
    std::string status;
};

/// At most as many rows as the screen has, each cut to its width. When there is too little room,
/// lines of the tail go first, from its beginning, then those of `waiting`, from its end, then rows
/// of the menu, then those of the input, then hints; the row of the cursor always stays. A screen
/// with fewer than three rows shows no status.
LiveRows lay_out(const LiveParts& parts, ScreenSize size);

/// Appends the last `count` of `lines`, or all of them, each cut to `columns`.
void append_last(std::vector<std::string>& rows, const std::vector<std::string>& lines,
                 std::size_t count, std::size_t columns);
/// Appends `count` rows of `input` around its cursor, and sets the cursor.
void append_input(LiveRows& live, const InputRows& input, std::size_t count, std::size_t columns);

}  // namespace tenon::terminal
