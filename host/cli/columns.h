#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/cli/screen.h"

/// Tables of the commands that list something. Pure functions.
namespace tenon::cli {

struct TableColumn {
    const char* title;
    bool when_narrow = true;  ///< shown also on less than 60 columns
    std::size_t widest = 0;   ///< 0: no limit
};

/// The texts are visible (visible_text.h). With `colour`, an escape sequence, the second cell has
/// it.
struct TableRow {
    std::vector<std::string> cells;
    const char* colour = nullptr;
};

/// The titles, then a line a row, no wider than the screen; the last column takes what is left. No
/// line at all without rows.
std::vector<std::string> table(std::span<const TableColumn> columns,
                               const std::vector<TableRow>& rows, const Screen& screen);

/// "12s ago", "3m ago", "2h ago", "9d ago"
std::string in_words_ago(std::int64_t milliseconds);

}  // namespace tenon::cli
