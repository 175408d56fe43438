#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "host/base/result.h"

/// Numbers as people write them in configuration. None means that the text is not such a number, or
/// is too large for the type. Never negative, no leading `+`; blanks around the whole and before a
/// unit are allowed.
namespace tenon {

/// Longer limits are refused everywhere: a clock that counts nanoseconds can count 292 years.
constexpr std::chrono::milliseconds kLongestDuration = std::chrono::hours(24) * 3650;

/// `42`
std::optional<std::int64_t> parse_integer(std::string_view text);
/// `42`, `0.5`, `-1e-3`: finite, with a point in every locale.
std::optional<double> parse_number(std::string_view text);
/// Seconds, or a number with `ms`, `s`, `m` or `h`: `90`, `90 s`, `1.5h`. Finer than a millisecond
/// is cut off.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// For an option that limits a time: a duration above 0 and at most kLongestDuration. The Error
/// quotes the text and says what is allowed.
Result<std::chrono::milliseconds> parse_time_limit(std::string_view text);
/// Bytes, or a whole number with `KiB`, `MiB` or `GiB`.
std::optional<std::int64_t> parse_size(std::string_view text);
/// `true false`, also `yes no on off 1 0`.
std::optional<bool> parse_boolean(std::string_view text);

}  // namespace tenon
