#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tenon::ui {

/// One line of a comparison; the numbers count from 0 and say where the line stands, or would.
struct LineChange {
    enum class Kind { kSame, kRemoved, kAdded };
    Kind kind = Kind::kSame;
    std::size_t before = 0;
    std::size_t after = 0;

    bool operator==(const LineChange&) const = default;
};

/// How `before` becomes `after`, with as few changes as can be (Myers, "An O(ND) Difference
/// Algorithm", 1986). When there are very many, what lies between the first and the last difference
/// is replaced as a whole, so that time and memory stay bounded.
std::vector<LineChange> compare(const std::vector<std::string_view>& before,
                                const std::vector<std::string_view>& after);

}  // namespace tenon::ui
