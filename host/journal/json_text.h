#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// JSON text (RFC 8259) that is checked and cut without building values: most of a journal's bytes
/// are never looked at, and the rest is looked at in parts.
namespace tenon::journal {

/// The position after the JSON value that begins at `at`; npos: what stands there is no value that
/// parse_json would take, or it is nested deeper than `max_depth`.
std::size_t json_value_end(std::string_view text, std::size_t at, std::size_t max_depth);

/// The position behind the blanks at `at`.
std::size_t json_blanks_end(std::string_view text, std::size_t at);

/// What a JSON string says. `quoted` is one that json_value_end has checked, quotes included.
std::string json_string_text(std::string_view quoted);

}  // namespace tenon::journal
