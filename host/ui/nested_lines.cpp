#include "host/ui/nested_lines.h"

#include <algorithm>
#include <utility>

namespace tenon::ui {
namespace {

/// The columns that nesting always leaves for text.
constexpr std::size_t kLeastRoom = 10;
/// Deeper levels get no prefix: hostile nesting must not multiply the size of every line.
constexpr std::size_t kMostLevels = 12;

}  // namespace

NestedLines::NestedLines(std::size_t width) : width_(std::max(width, kLeastRoom)) {
    levels_.emplace_back();
}

bool NestedLines::enter(std::string first, std::string rest, std::size_t columns, bool tight) {
    const bool fits = visible_.size() < kMostLevels && columns_ + columns + kLeastRoom <= width_;
    Level level;
    level.tight = tight;
    if (columns > 0 && fits) {
        level.first = std::move(first);
        level.rest = std::move(rest);
        level.columns = columns;
        columns_ += columns;
        visible_.push_back(levels_.size());
    }
    levels_.push_back(std::move(level));
    return fits;
}

void NestedLines::leave() {
    if (!visible_.empty() && visible_.back() == levels_.size() - 1) visible_.pop_back();
    columns_ -= levels_.back().columns;
    levels_.pop_back();
}

void NestedLines::begin_block() {
    Level& level = levels_.back();
    if (level.blocks++ > 0 && !level.tight) line("");
}

void NestedLines::line(std::string_view text) {
    std::string out;
    for (const std::size_t index : visible_) {
        Level& level = levels_[index];
        out += std::exchange(level.begun, true) ? level.rest : level.first;
    }
    out += text;
    if (text.empty()) out.erase(out.find_last_not_of(' ') + 1);
    lines_.push_back(std::move(out));
}

void NestedLines::lines(const std::vector<std::string>& texts) {
    for (const std::string& text : texts)
        line(text);
}

bool NestedLines::is_waiting() const {
    const Level& level = levels_.back();
    return level.columns > 0 && !level.begun;
}

}  // namespace tenon::ui
