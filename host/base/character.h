#pragma once

#include <cstddef>
#include <locale.h>  // NOLINT(modernize-deprecated-headers): locale_t
#include <string>
#include <string_view>

/// What a terminal does with one character. Widths and marks are those of the C library under a
/// UTF-8 locale, whatever the locale of the program is; the clusters follow Unicode's UAX 29.
/// Any thread. Where the system has no such locale, characters beyond ASCII count as one column.
namespace tenon {

/// The first character of valid UTF-8. `text` is not empty.
struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
};
Character first_character(std::string_view text);

/// Whether a character can have this code: Unicode ends at U+10FFFF, and surrogates are none.
bool is_code_point(char32_t code);

/// Appends the code point as UTF-8; U+FFFD in place of what is none.
void append_character(std::string& text, char32_t code);

/// The code points of UTF-8, as the C library wants them on Linux. Invalid bytes become U+FFFD.
std::wstring to_wide(std::string_view utf8);
std::string to_utf8(std::wstring_view wide);

/// The columns one code point takes by itself: 2 for wide ones, 0 for marks, controls and formats.
std::size_t columns_of(char32_t code);

/// Whether the code point never begins a cluster: marks, joiners, skin tones, the latter parts of a
/// Hangul syllable.
bool continues_cluster(char32_t code);

bool is_regional_indicator(char32_t code);

/// A locale whose characters are UTF-8, for uselocale() and the functions that take a locale; null
/// when the system has none. It stays as long as the program.
locale_t utf8_locale();

}  // namespace tenon
