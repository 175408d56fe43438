#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tenon {

/// The known word that `word` is most likely a misspelling of; none when no word is near enough.
/// Nearness is the edit distance without letter case; two swapped letters count as one. A
/// word over 64 bytes has no near word.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known);

}  // namespace tenon
