#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tenon::ui {

enum class LineEdit { kSame, kRemoved, kAdded };

/// One line of a comparison. `before` and `after` are its position in the texts, from 0; in the
/// text that does not have the line, the position where it would be.
struct LineChange {
    LineEdit edit = LineEdit::kSame;
    std::size_t before = 0;
    std::size_t after = 0;

    bool operator==(const LineChange&) const = default;
};

/// The smallest set of changes that turns `before` into `after` (Myers, "An O(ND) Difference
/// Algorithm", 1986). When there are very many changes, all lines between the first and the last
/// difference are replaced, so that time and memory stay bounded. Pure.
std::vector<LineChange> compare(const std::vector<std::string_view>& before,
                                const std::vector<std::string_view>& after);

}  // namespace tenon::ui
