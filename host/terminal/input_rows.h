#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::terminal {

/// The line being edited as rows of a screen, and where the cursor stands in them.
struct InputRows {
    std::vector<std::string> rows;  ///< at least one
    std::size_t cursor_row = 0;
    std::size_t cursor_column = 0;
};

/// The text before and behind the cursor in rows of at most `columns`, the first behind `prompt`,
/// the others behind as many blanks. The cursor has a column of its own, also behind a full row.
/// What is no printable character is drawn as `^C` or U+FFFD. `prompt` may be styled. Pure.
InputRows lay_out_input(std::string_view before, std::string_view after, std::string_view prompt,
                        std::size_t columns);

}  // namespace tenon::terminal
