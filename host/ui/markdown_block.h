#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/ui/style.h"

namespace tenon::ui {

/// Renders Markdown (CommonMark with tables, strikethrough and task lists, by md4c) as lines for a
/// terminal. Lines fit the width, except lines of code without blanks, which stay whole so that
/// they can be copied. Line breaks in prose are kept, since models mean them. HTML is shown as
/// text. The source may be hostile: the nesting and the size of tables are limited, and the time is
/// linear. `ordinal` replaces the number of the first item of an ordered list. Pure.
std::vector<std::string> render_block(std::string_view source, std::size_t width, Style style,
                                      std::optional<unsigned> ordinal = {});

/// Styles one line of a code block in `language`; a line wider than `width` is broken at blanks,
/// and inside a word only when that is wider than the line. A line without blanks stays whole. Both
/// must be harmless already (base/untrusted).
std::vector<std::string> code_rows(std::string_view line, std::string_view language,
                                   std::size_t width, Style style);

}  // namespace tenon::ui
