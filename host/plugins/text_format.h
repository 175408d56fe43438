#pragma once

#include <string>
#include <string_view>

/// The values of the keyword `format` of JSON Schema that are checked: those of draft 7 and its
/// successors that have a short definition. Pure functions.
namespace tenon::plugins {

[[nodiscard]] bool is_known_format(std::string_view name);
/// "date, date-time, …", for messages.
[[nodiscard]] std::string known_formats();
/// Whether a text has a known format.
[[nodiscard]] bool has_format(std::string_view text, std::string_view name);

}  // namespace tenon::plugins
