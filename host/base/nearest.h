#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tenon {

/// The known word that `word` is most likely a slip of, when one is near enough to be worth naming:
/// edit distance, letter case free. Words over 64 bytes have none.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known);

}  // namespace tenon
