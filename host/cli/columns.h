#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/cli/screen.h"

/// Tables for the commands that list something. Pure functions.
namespace tenon::cli {

struct TableColumn {
    const char* title;
    bool when_narrow = true;  ///< also shown on a screen of less than 60 columns
    std::size_t widest = 0;   ///< 0: no limit
};

/// The cells contain no control characters (see visible()). `colour` is an escape sequence that
/// applies to the second cell; null: no colour.
struct TableRow {
    std::vector<std::string> cells;
    const char* colour = nullptr;
};

/// The line of titles, then one line for each row. No line is wider than the screen; the last
/// column takes the rest of the width. Without rows there are no lines.
std::vector<std::string> table(std::span<const TableColumn> columns,
                               const std::vector<TableRow>& rows, const Screen& screen);

/// "12s ago", "3m ago", "2h ago", "9d ago"
std::string in_words_ago(std::int64_t milliseconds);

}  // namespace tenon::cli
