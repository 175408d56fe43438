#include "host/plugins/text_format.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <re2/re2.h>

namespace tenon::plugins {
namespace {

/// RFC 3339.
constexpr std::string_view kDate = R"((\d{4})-(\d{2})-(\d{2}))";
constexpr std::string_view kTime =
    R"((?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d))";

bool matches_whole(std::string_view text, const std::string& pattern) {
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), RE2(pattern, RE2::Quiet));
}

bool is_date_of_calendar(std::string_view text) {
    int year = 0, month = 0, day = 0;
    if (!RE2::FullMatch(re2::StringPiece(text.data(), text.size()), RE2(std::string(kDate)), &year,
                        &month, &day))
        return false;
    constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= kDays[static_cast<std::size_t>(month) - 1] + (month == 2 && leap ? 1 : 0);
}

bool is_time_of_day(std::string_view text) {
    return matches_whole(text, std::string(kTime));
}

bool is_date_time(std::string_view text) {
    constexpr std::size_t kDateLength = 10;
    return text.size() > kDateLength && (text[kDateLength] == 'T' || text[kDateLength] == 't') &&
           is_date_of_calendar(text.substr(0, kDateLength)) &&
           is_time_of_day(text.substr(kDateLength + 1));
}

/// ISO 8601 as in RFC 3339, appendix A.
bool is_duration_text(std::string_view text) {
    return text != "P" && !text.ends_with('T') &&
           matches_whole(
               text, R"(P(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?))");
}

bool is_host_name(std::string_view text) {
    constexpr std::size_t kLongestHostName = 253;
    constexpr const char* kPattern =
        R"([A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*)";
    return text.size() <= kLongestHostName && matches_whole(text, kPattern);
}

bool is_email(std::string_view text) {
    const auto at = text.rfind('@');
    return at != text.npos && is_host_name(text.substr(at + 1)) &&
           matches_whole(
               text.substr(0, at),
               R"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)");
}

bool is_ip(std::string_view text, int family) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return text.find('\0') == text.npos &&
           ::inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

/// With a scheme, of the characters of RFC 3986 alone.
bool is_uri(std::string_view text) {
    return matches_whole(
        text,
        R"([A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)");
}

bool is_uuid(std::string_view text) {
    return matches_whole(text, R"([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})");
}

bool is_pattern_of_re2(std::string_view text) {
    return RE2(re2::StringPiece(text.data(), text.size()), RE2::Quiet).ok();
}

struct TextFormat {
    std::string_view name;
    bool (*fits)(std::string_view text);
};

constexpr std::array kFormats = {
    TextFormat{"date", is_date_of_calendar},
    TextFormat{"date-time", is_date_time},
    TextFormat{"duration", is_duration_text},
    TextFormat{"email", is_email},
    TextFormat{"hostname", is_host_name},
    TextFormat{"ipv4", [](std::string_view text) { return is_ip(text, AF_INET); }},
    TextFormat{"ipv6", [](std::string_view text) { return is_ip(text, AF_INET6); }},
    TextFormat{"regex", is_pattern_of_re2},
    TextFormat{"time", is_time_of_day},
    TextFormat{"uri", is_uri},
    TextFormat{"uuid", is_uuid},
};

const TextFormat* format_named(std::string_view name) {
    const auto* const found =
        std::find_if(kFormats.begin(), kFormats.end(),
                     [name](const TextFormat& format) { return format.name == name; });
    return found == kFormats.end() ? nullptr : found;
}

}  // namespace

bool is_known_format(std::string_view name) {
    return format_named(name) != nullptr;
}

std::string known_formats() {
    std::string names;
    for (const TextFormat& format : kFormats)
        names.append(names.empty() ? "" : ", ").append(format.name);
    return names;
}

bool has_format(std::string_view text, std::string_view name) {
    const TextFormat* const format = format_named(name);
    return format != nullptr && format->fits(text);
}

}  // namespace tenon::plugins
