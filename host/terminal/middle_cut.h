#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::terminal {

/// Lines of text as rows of a screen. The second and further rows of a line are indented, so that
/// they cannot be mistaken for other lines.
struct TextRows {
    std::vector<std::string> rows;
    bool one_row_each = true;  ///< no line takes more than one row
};
/// Where a line that is too wide is broken.
enum class LineBreaks {
    kAnywhere,  ///< every character is kept
    kAtBlanks,
};
TextRows rows_of(const std::vector<std::string>& lines, std::size_t columns,
                 LineBreaks breaks = LineBreaks::kAnywhere);

struct MiddleCut {
    std::vector<std::string> rows;
    bool names_key = false;  ///< the rows mention Ctrl-O
};
/// At most `room` (at least 1) rows: all of `text`, or its beginning, the number of lines or rows
/// that are left out, and its end. `with_key`: mentions Ctrl-O where there is room. Pure.
MiddleCut cut_middle(const TextRows& text, std::size_t room, std::size_t columns,
                     bool with_key = true);

}  // namespace tenon::terminal
