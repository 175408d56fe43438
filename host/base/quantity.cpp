#include "host/base/quantity.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "host/base/untrusted.h"
#include "host/base/utf8.h"

namespace tenon {
namespace {

constexpr std::string_view kDigits = "0123456789";

std::string_view trim(std::string_view text) {
    return utf8::trimmed(text, " \t");
}

std::optional<std::int64_t> digits(std::string_view text) {
    if (text.empty() || text.find_first_not_of(kDigits) != std::string_view::npos)
        return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    return number;
}

std::optional<std::int64_t> times(std::optional<std::int64_t> number, std::int64_t factor) {
    if (!number || *number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
    return *number * factor;
}

struct Unit {
    std::string_view name;
    std::int64_t factor;
};
constexpr Unit kDurations[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Unit kSizes[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

template <std::size_t N>
std::optional<std::int64_t> factor_of(const Unit (&units)[N], std::string_view name) {
    const auto* const unit = std::find_if(std::begin(units), std::end(units),
                                          [name](const Unit& u) { return u.name == name; });
    if (unit == std::end(units)) return std::nullopt;
    return unit->factor;
}

/// `.25` of a unit of `factor` milliseconds, cut off; the fraction is at most 9 digits.
std::optional<std::int64_t> part_of(std::string_view fraction, std::int64_t factor) {
    if (fraction.size() > 9) return std::nullopt;
    const auto numerator = digits(fraction);
    if (!numerator) return std::nullopt;
    std::int64_t denominator = 1;
    for (std::size_t i = 0; i < fraction.size(); ++i)
        denominator *= 10;
    return *numerator * factor / denominator;
}

/// Whether a text is no duration only because no number can hold it.
bool overflows(std::string_view text) {
    text = trim(text);
    const std::string_view number = text.substr(0, text.find_first_not_of(kDigits));
    const auto factor = factor_of(kDurations, trim(text.substr(number.size())));
    return factor && !number.empty() && !times(digits(number), *factor);
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
    return digits(trim(text));
}

std::optional<double> parse_number(std::string_view text) {
    text = trim(text);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    text = trim(text);
    const std::string_view number = text.substr(0, text.find_first_not_of("0123456789."));
    const auto factor = factor_of(kDurations, trim(text.substr(number.size())));
    if (!factor) return std::nullopt;
    const auto dot = number.find('.');
    const auto whole = times(digits(number.substr(0, dot)), *factor);
    if (!whole) return std::nullopt;
    if (dot == std::string_view::npos) return std::chrono::milliseconds(*whole);
    const auto part = part_of(number.substr(dot + 1), *factor);
    if (!part || *whole > std::numeric_limits<std::int64_t>::max() - *part) return std::nullopt;
    return std::chrono::milliseconds(*whole + *part);
}

Result<std::chrono::milliseconds> parse_time_limit(std::string_view text) {
    const auto duration = parse_duration(text);
    if (duration ? *duration > kLongestDuration : overflows(text))
        return Error{in_quotes(text) + " is longer than ten years (87600h), the longest limit"};
    if (!duration || duration->count() <= 0) {
        return Error{in_quotes(text) +
                     " is not a duration above 0, such as 90, 90s, 5m or 2h; at most 87600h"};
    }
    return *duration;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
    text = trim(text);
    const std::string_view number = text.substr(0, text.find_first_not_of(kDigits));
    const auto factor = factor_of(kSizes, trim(text.substr(number.size())));
    if (!factor) return std::nullopt;
    return times(digits(number), *factor);
}

std::optional<bool> parse_boolean(std::string_view text) {
    text = trim(text);
    for (const std::string_view yes : {"true", "yes", "on", "1"}) {
        if (text == yes) return true;
    }
    for (const std::string_view no : {"false", "no", "off", "0"}) {
        if (text == no) return false;
    }
    return std::nullopt;
}

}  // namespace tenon
