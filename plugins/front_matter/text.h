#pragma once

#include <string>
#include <string_view>

namespace tenon::front_matter {

/// Where `text` stops being UTF-8; npos when all of it is.
std::size_t first_bad_byte(std::string_view text);

/// Valid UTF-8 on one line: blanks and control characters in a row are one blank, none at the ends.
std::string one_line(std::string_view text);

/// At most `max_bytes`, an ellipsis at the end included when something was cut off.
std::string cut(std::string text, std::size_t max_bytes);

}  // namespace tenon::front_matter
