#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// Numbers as people write them in configuration. None means: not one of these, or too large for
/// the type. Never negative, no leading `+`; blanks around the whole and before a unit are allowed.
namespace tenon::app {

/// `42`
std::optional<std::int64_t> parse_integer(std::string_view text);
/// Seconds, or a number with `ms`, `s`, `m` or `h`: `90`, `90 s`, `1.5h`. Finer than a millisecond
/// is cut off.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// Bytes, or a whole number with `KiB`, `MiB` or `GiB`.
std::optional<std::int64_t> parse_size(std::string_view text);
/// `true false`, also `yes no on off 1 0`.
std::optional<bool> parse_boolean(std::string_view text);

}  // namespace tenon::app
