#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/ui/style.h"

namespace tenon::ui {

enum class Align { kLeft, kCenter, kRight };

/// A table of styled texts. It knows nothing of where they come from.
struct Table {
    std::vector<Align> aligns;                   ///< one a column
    std::vector<std::vector<std::string>> rows;  ///< the first is the header; short rows are filled

    /// Lines of at most `width`: columns side by side, the widest shrunk by wrapping their cells;
    /// where that leaves too little, each row as `header: value` lines.
    [[nodiscard]] std::vector<std::string> render(std::size_t width, Style style) const;
};

}  // namespace tenon::ui
