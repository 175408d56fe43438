#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

/// UTF-8 text of which "character" means one code point. Everything but `repair`, `is_valid`,
/// `incomplete_suffix` and `trimmed` expects valid UTF-8. Pure functions.
namespace tenon::utf8 {

[[nodiscard]] bool is_valid(std::string_view bytes);

/// The same bytes with every maximal invalid part replaced by U+FFFD (Unicode 15, section 3.9).
[[nodiscard]] std::string repair(std::string_view bytes);

/// How many bytes at the end could be the beginning of a character cut off there (0 to 3).
[[nodiscard]] std::size_t incomplete_suffix(std::string_view bytes);

[[nodiscard]] std::size_t length(std::string_view text);

/// At most the first or last `characters`.
[[nodiscard]] std::string_view first(std::string_view text, std::size_t characters);
[[nodiscard]] std::string_view last(std::string_view text, std::size_t characters);

/// At most the first `max_bytes`, without breaking a character.
[[nodiscard]] std::string_view first_bytes(std::string_view text, std::size_t max_bytes);

/// `bytes` without the ASCII characters of `blanks` at its beginning and end.
[[nodiscard]] std::string_view trimmed(std::string_view bytes, std::string_view blanks = " \t\r\n");

/// A text without the mark that some programs write in front of it (U+FEFF).
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

/// `text`, or when it has more than `limit` characters its first `head` and last `tail` ones with
/// `marker(left_out)` between.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t limit, std::size_t head,
                                  std::size_t tail,
                                  const std::function<std::string(std::size_t left_out)>& marker);

}  // namespace tenon::utf8
