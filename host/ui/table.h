#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/ui/style.h"

namespace tenon::ui {

enum class Align { kLeft, kCenter, kRight };

/// A table of styled texts, which must be harmless already (base/untrusted).
struct TextTable {
    std::vector<Align> aligns;                   ///< one for each column
    std::vector<std::vector<std::string>> rows;  ///< the first is the header; rows may be short

    /// Lines of at most `width`. Cells of the widest columns are wrapped; when the columns become
    /// too narrow, each row becomes lines `header: value`. Pure.
    [[nodiscard]] std::vector<std::string> render(std::size_t width, Style style) const;
};

}  // namespace tenon::ui
