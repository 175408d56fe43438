#include "host/cli/columns.h"

#include <algorithm>

#include "host/base/text_width.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrow = 60;  // a screen with less shows the most important columns only

/// A column of width 0 is left out.
std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                    const Screen& screen, const char* colour) {
    std::string line;
    std::size_t used = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (widths[i] == 0 || used >= screen.columns) continue;
        const bool last = i + 1 == cells.size();
        const std::size_t room = screen.columns - used;
        const std::size_t width = last ? room : std::min(widths[i], room);
        const std::string text = cut(cells[i], width);
        const std::string cell = last ? text : padded(text, width);
        line += i == 1 && colour != nullptr ? colour + cell + "\x1b[0m" : cell;
        line += std::string(std::min(kGap, room - width), ' ');
        used += width + kGap;
    }
    while (line.ends_with(' '))
        line.pop_back();
    return line;
}

std::size_t width_of_column(const TableColumn& column, std::size_t index,
                            const std::vector<TableRow>& rows, const Screen& screen) {
    if (screen.columns < kNarrow && !column.when_narrow) return 0;
    std::size_t width = width_of(column.title);
    for (const TableRow& row : rows)
        width = std::max(width, width_of(row.cells[index]));
    return column.widest > 0 ? std::min(width, column.widest) : width;
}

}  // namespace

std::vector<std::string> table(std::span<const TableColumn> columns,
                               const std::vector<TableRow>& rows, const Screen& screen) {
    std::vector<std::string> lines;
    if (rows.empty()) return lines;
    std::vector<std::string> titles;
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        titles.emplace_back(columns[i].title);
        widths.push_back(width_of_column(columns[i], i, rows, screen));
    }
    lines.push_back(line_of(titles, widths, screen, nullptr));
    for (const TableRow& row : rows)
        lines.push_back(line_of(row.cells, widths, screen, screen.colour ? row.colour : nullptr));
    return lines;
}

std::string in_words_ago(std::int64_t milliseconds) {
    const std::int64_t seconds = std::max<std::int64_t>(0, milliseconds) / 1000;
    if (seconds < 60) return std::to_string(seconds) + "s ago";
    if (seconds < 3600) return std::to_string(seconds / 60) + "m ago";
    if (seconds < 86'400) return std::to_string(seconds / 3600) + "h ago";
    return std::to_string(seconds / 86'400) + "d ago";
}

}  // namespace tenon::cli
