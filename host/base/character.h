#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// What a terminal does with one character. From the Unicode 14 character database (general
/// category, East_Asian_Width) and its rules for grapheme clusters, not from the locale. Pure
/// functions.
namespace tenon {

/// The first character of valid UTF-8. `text` is not empty.
struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
};
Character first_character(std::string_view text);

/// The columns one code point takes by itself: 2 for wide ones, 0 for marks, controls and formats.
std::size_t columns_of(char32_t code);

/// Whether the code point never begins a cluster: marks, joiners, skin tones, the latter parts of a
/// Hangul syllable.
bool continues_cluster(char32_t code);

bool is_regional_indicator(char32_t code);

}  // namespace tenon
