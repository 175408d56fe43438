#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/ui/style.h"

namespace tenon::ui {

/// Markdown (CommonMark with tables, strikethrough and task lists, by md4c) as lines for a
/// terminal. Every line fits the width but those of code, which stay whole so that they are copied
/// as they are. The line ends of prose are kept: models mean them. HTML is text. The source may be
/// hostile: what it nests and how much of it is drawn is bounded, the time is linear. `ordinal` is
/// the number of the first item of an ordered list, in place of the one it states.
std::vector<std::string> render_block(std::string_view source, std::size_t width, Style style,
                                      std::optional<unsigned> ordinal = {});

/// One line of a code block in `language`. Both are harmless already.
std::string paint_code(std::string_view line, std::string_view language, Style style);

}  // namespace tenon::ui
