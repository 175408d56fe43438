#pragma once

#include <string>
#include <string_view>

/// Foreign text on its way to a person: what could move the cursor, change colours or reorder the
/// line is written as an escape. Pure functions; the bytes may be anything.
namespace tenon::app {

/// `bytes` with invalid UTF-8 replaced and every control, direction or invisible character written
/// as
/// `\x1b` or `\u202e`. Line feeds and tabs stay when `keep_lines`, else they are escaped too.
std::string visible(std::string_view bytes, bool keep_lines = false);

/// `"text"`, visible, at most 80 characters of it: for a value inside a message.
std::string in_quotes(std::string_view bytes);

}  // namespace tenon::app
