#include "host/ui/table.h"

#include <algorithm>
#include <numeric>

#include "host/base/text_width.h"

namespace tenon::ui {
namespace {

constexpr std::string_view kColumnGap = " │ ";
constexpr std::size_t kColumnGapWidth = 3;
/// No column becomes narrower than this, unless its content is.
constexpr std::size_t kNarrowestColumn = 8;

using Widths = std::vector<std::size_t>;

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (; times > 0; --times)
        out += text;
    return out;
}

const std::string& cell_of(const std::vector<std::string>& row, std::size_t column) {
    static const std::string kEmpty;
    return column < row.size() ? row[column] : kEmpty;
}

std::size_t widest_line(std::string_view text) {
    std::size_t widest = 0;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        widest = std::max(widest, width_of(line));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return widest;
}

Widths natural_widths(const TextTable& table) {
    Widths widths(table.aligns.size(), 1);
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < std::min(row.size(), widths.size()); ++i)
            widths[i] = std::max(widths[i], widest_line(row[i]));
    }
    return widths;
}

/// Shrinks the widest columns until all fit. False when they cannot fit.
bool shrink(Widths& widths, std::size_t room) {
    std::size_t least = 0;
    for (const std::size_t width : widths)
        least += std::min(width, kNarrowestColumn);
    if (least > room) return false;
    // Find the highest limit on the width of a column with which all fit.
    std::size_t low = kNarrowestColumn;
    std::size_t high = std::max(room, low);
    const auto sum = [&](std::size_t limit) {
        return std::accumulate(
            widths.begin(), widths.end(), std::size_t{0},
            [&](std::size_t total, std::size_t width) { return total + std::min(width, limit); });
    };
    while (low < high) {
        const std::size_t middle = (low + high + 1) / 2;
        if (sum(middle) <= room) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    std::size_t spare = room - sum(low);
    for (std::size_t& width : widths) {
        const std::size_t extra = width > low && spare > 0 ? 1 : 0;
        spare -= extra;
        width = std::min(width, low + extra);
    }
    return true;
}

std::string aligned(const std::string& text, std::size_t columns, Align align) {
    const std::size_t width = width_of(text);
    const std::size_t blanks = width < columns ? columns - width : 0;
    const std::size_t before = align == Align::kRight    ? blanks
                               : align == Align::kCenter ? blanks / 2
                                                         : 0;
    return std::string(before, ' ') + text + std::string(blanks - before, ' ');
}

std::string without_end_blanks(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

class Grid {
public:
    Grid(const TextTable& table, Widths widths, Style style)
        : table_(table), widths_(std::move(widths)), style_(style) {}

    std::vector<std::string> render() {
        for (std::size_t i = 0; i < table_.rows.size(); ++i) {
            const std::size_t before = lines_.size();
            put_row(table_.rows[i]);
            tall_ = tall_ || lines_.size() > before + 1;
            ends_.push_back(lines_.size());
        }
        return with_rules();
    }

private:
    void put_row(const std::vector<std::string>& row) {
        std::vector<std::vector<std::string>> cells;
        std::size_t height = 1;
        for (std::size_t i = 0; i < widths_.size(); ++i) {
            cells.push_back(wrap(cell_of(row, i), widths_[i]));
            height = std::max(height, cells.back().size());
        }
        const std::string between = paint(style_, kDim, kColumnGap);
        for (std::size_t y = 0; y < height; ++y) {
            std::string line;
            for (std::size_t i = 0; i < widths_.size(); ++i) {
                if (i > 0) line += between;
                line += aligned(cell_of(cells[i], y), widths_[i], table_.aligns[i]);
            }
            lines_.push_back(without_end_blanks(std::move(line)));
        }
    }

    /// Adds a rule below the header, and between all rows if one of them has several lines.
    std::vector<std::string> with_rules() const {
        std::string rule;
        for (std::size_t i = 0; i < widths_.size(); ++i)
            rule += (i > 0 ? "─┼─" : "") + repeated("─", widths_[i]);
        rule = paint(style_, kDim, rule);
        std::vector<std::string> out;
        std::size_t from = 0;
        for (std::size_t row = 0; row < ends_.size(); ++row) {
            if (row == 1 || (row > 1 && tall_)) out.push_back(rule);
            out.insert(out.end(), lines_.begin() + static_cast<std::ptrdiff_t>(from),
                       lines_.begin() + static_cast<std::ptrdiff_t>(ends_[row]));
            from = ends_[row];
        }
        if (ends_.size() == 1) out.push_back(rule);
        return out;
    }

    const TextTable& table_;
    Widths widths_;
    Style style_;
    std::vector<std::string> lines_;
    std::vector<std::size_t> ends_;  // of each row in lines_
    bool tall_ = false;
};

std::vector<std::string> as_pairs(const TextTable& table, std::size_t width) {
    std::vector<std::string> out;
    for (std::size_t row = 1; row < table.rows.size(); ++row) {
        if (row > 1) out.emplace_back();
        for (std::size_t i = 0; i < table.aligns.size(); ++i) {
            const std::string& value = cell_of(table.rows[row], i);
            if (value.empty()) continue;
            const std::string& key = cell_of(table.rows[0], i);
            std::string pair = key;
            pair.append(key.empty() ? "" : ": ").append(value);
            for (std::string& line : wrap(pair, width))
                out.push_back(std::move(line));
        }
    }
    return out;
}

std::vector<std::string> header_alone(const TextTable& table, std::size_t width) {
    std::string line;
    for (const auto& row : table.rows) {
        for (const std::string& text : row)
            line.append(line.empty() ? "" : kColumnGap).append(text);
    }
    return wrap(line, width);
}

}  // namespace

std::vector<std::string> TextTable::render(std::size_t width, Style style) const {
    Widths widths = natural_widths(*this);
    const std::size_t between = widths.empty() ? 0 : (widths.size() - 1) * kColumnGapWidth;
    if (width <= between || !shrink(widths, width - between))
        return rows.size() > 1 ? as_pairs(*this, width) : header_alone(*this, width);
    return Grid(*this, std::move(widths), style).render();
}

}  // namespace tenon::ui
