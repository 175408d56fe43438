#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::terminal {

/// A text of many lines as rows of a screen. What goes on in a further row is indented there, so
/// that it is never taken for a row of something else.
struct TextRows {
    std::vector<std::string> rows;
    bool row_a_line = true;  ///< each line takes one row
};
TextRows rows_of(const std::vector<std::string>& lines, std::size_t columns);

struct MiddleCut {
    std::vector<std::string> rows;
    bool tells_key = false;  ///< the row that counts what is left out names Ctrl-O too
};
/// At most `room` (at least 1) rows: all of `text`, or its beginning, how many lines or rows are
/// left out, and its end. `with_key`: Ctrl-O is named where there is room for it. Pure.
MiddleCut cut_middle(const TextRows& text, std::size_t room, std::size_t columns,
                     bool with_key = true);

}  // namespace tenon::terminal
