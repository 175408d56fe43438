#pragma once

#include <string>
#include <string_view>

namespace tenon::front_matter {

/// The position of the first byte that is not UTF-8; npos when all of `text` is UTF-8.
std::size_t first_bad_byte(std::string_view text);

/// Valid UTF-8 on one line: a series of blanks and control characters becomes one blank; there is
/// none at the ends.
std::string one_line(std::string_view text);

/// At most `max_bytes`, including an ellipsis at the end when something was cut off.
std::string cut(std::string text, std::size_t max_bytes);

}  // namespace tenon::front_matter
