#include "host/config/setting_values.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "host/base/quantity.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"

namespace tenon::config {
namespace {

/// Whether there is a control character that is not in `allowed`.
bool has_control(std::string_view raw, std::string_view allowed) {
    return std::any_of(raw.begin(), raw.end(), [allowed](char c) {
        return (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) &&
               allowed.find(c) == std::string_view::npos;
    });
}

/// A rule may be about a command of several lines.
std::string_view controls_of(const KeySpec& spec) {
    return spec.key.starts_with("permissions.") ? "\t\n\r" : "";
}

/// The number of choices after this one.
std::optional<std::int64_t> choices_after(std::string_view choices, std::string_view raw) {
    std::optional<std::int64_t> after;
    while (!choices.empty()) {
        const auto end = std::min(choices.find(", "), choices.size());
        if (after) ++*after;
        if (choices.substr(0, end) == raw) after = 0;
        choices.remove_prefix(std::min(end + 2, choices.size()));
    }
    return after;
}

/// Whether there is a host before the first '/', and a port of digits after its colon, if any.
bool is_authority(std::string_view rest) {
    std::string_view host = rest.substr(0, rest.find('/'));
    if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
    if (host.empty()) return false;
    auto end = host.find(':');
    if (host.starts_with('[')) {
        const auto bracket = host.find(']');
        if (bracket == std::string_view::npos) return false;
        end = bracket + 1;
    }
    if (end >= host.size()) return true;
    if (end == 0 || host[end] != ':') return false;
    const auto port = parse_integer(host.substr(end + 1));
    return port && *port > 0 && *port < 65'536;
}

/// Whether two hexadecimal digits follow each '%'.
bool is_percent_encoded(std::string_view text) {
    const auto is_digit = [text](std::size_t at) {
        return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
        if (!is_digit(at + 1) || !is_digit(at + 2)) return false;
    }
    return true;
}

/// As model::parse_url has it: what follows is the path of a request, so there can be no query.
bool is_url(std::string_view raw) {
    if (raw.find_first_of(" \"<>\\^`{|}?#") != std::string_view::npos || !is_percent_encoded(raw))
        return false;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (raw.starts_with(scheme)) return is_authority(raw.substr(scheme.size()));
    }
    return false;
}

/// Without a path.
bool is_proxy(std::string_view raw) {
    constexpr std::string_view kScheme = "http://";
    std::string_view rest = raw;
    if (raw.starts_with(kScheme)) {
        rest.remove_prefix(kScheme.size());
        if (rest.ends_with('/')) rest.remove_suffix(1);
    }
    return rest.find('/') == std::string_view::npos &&
           is_url(std::string(kScheme) + std::string(rest));
}

/// One thing that a plugin may be allowed to do. Whether a directory exists is checked where the
/// grant is used.
bool is_grant(std::string_view raw) {
    for (const std::string_view whole : {"network", "exec", "unconfined"}) {
        if (raw == whole) return true;
    }
    for (const std::string_view access : {"read:", "write:"}) {
        if (!raw.starts_with(access)) continue;
        const std::string_view folder = raw.substr(access.size());
        return folder.starts_with('/') || folder == "~" || folder.starts_with("~/");
    }
    return false;
}

/// The number in billionths.
std::optional<std::int64_t> parse_decimal(std::string_view text) {
    constexpr std::size_t kDigits = 9;
    const auto point = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, point);
    std::string fraction(text.substr(std::min(point + 1, text.size())));
    const bool is_number =
        whole.size() <= kDigits && fraction.size() <= kDigits && !whole.empty() &&
        (point == text.size() || !fraction.empty()) &&
        (std::string(whole) + fraction).find_first_not_of("0123456789") == std::string::npos;
    if (!is_number) return std::nullopt;
    fraction.resize(kDigits, '0');
    return std::stoll(std::string(whole) + fraction);
}

/// As http.h has it, without what is not ASCII: servers do not agree on its meaning.
bool is_header_text(std::string_view raw) {
    return std::all_of(raw.begin(), raw.end(),
                       [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

std::string shown_duration(std::int64_t ms) {
    if (ms == kLongestDuration.count()) return "ten years";
    return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::optional<std::int64_t> number_in(const KeySpec& spec, std::string_view raw) {
    std::optional<std::int64_t> number;
    if (spec.type == ValueType::kInteger) number = parse_integer(raw);
    if (spec.type == ValueType::kDecimal) number = parse_decimal(raw);
    if (spec.type == ValueType::kSize) number = parse_size(raw);
    if (spec.type == ValueType::kBoolean) number = parse_boolean(raw);
    if (spec.type == ValueType::kDuration) {
        if (const auto duration = parse_duration(raw)) number = duration->count();
    }
    if (number && (*number < spec.least || *number > spec.most)) return std::nullopt;
    return number;
}

/// Whether a value is its number, which may be written in several ways.
bool has_number(const KeySpec& spec) {
    return spec.type == ValueType::kInteger || spec.type == ValueType::kBoolean ||
           spec.type == ValueType::kDecimal || spec.type == ValueType::kDuration ||
           spec.type == ValueType::kSize;
}

/// In dontAsk, the rules may still allow what plan refuses.
std::size_t looseness_of_mode(std::string_view mode) {
    constexpr std::array<std::string_view, 5> kStrictestFirst = {
        "plan", "dontAsk", "ask", "acceptEdits", "bypassPermissions"};
    const auto* const found = std::find(kStrictestFirst.begin(), kStrictestFirst.end(), mode);
    return static_cast<std::size_t>(found - kStrictestFirst.begin());
}

}  // namespace

bool is_looser(const KeySpec& spec, const SettingValue& now, const SettingValue& value) {
    switch (spec.strictness) {
        case Strictness::kSmaller:
            return value.number > now.number;
        case Strictness::kGreater:
            return value.number < now.number;
        case Strictness::kByMode:
            return looseness_of_mode(value.text) > looseness_of_mode(now.text);
        case Strictness::kMore:
            return false;
        case Strictness::kFewer:
            return true;
        case Strictness::kFixed:
            return has_number(spec) ? value.number != now.number : value.text != now.text;
    }
    return true;
}

std::string allowed_values(const KeySpec& spec) {
    const std::string word = spec.choices.empty() ? "" : ", or " + std::string(spec.choices);
    switch (spec.type) {
        case ValueType::kText:
        case ValueType::kPaths:
        case ValueType::kRules:
            return "text without control characters, not empty";
        case ValueType::kPath:
            return "a path" + word;
        case ValueType::kChoice:
            return std::string(spec.choices);
        case ValueType::kChoices:
            return std::string(spec.choices) + ", or nothing";
        case ValueType::kInteger:
            return "a whole number from " + std::to_string(spec.least) + " to " +
                   std::to_string(spec.most) + word;
        case ValueType::kBoolean:
            return "true, false";
        case ValueType::kDuration:
            return "seconds, or a number with ms, s, m or h, from " + shown_duration(spec.least) +
                   " to " + shown_duration(spec.most) + " (as 90s)" + word;
        case ValueType::kSize:
            return "bytes, or a whole number with KiB, MiB or GiB, from " +
                   std::to_string(spec.least) + " bytes to 1048576 GiB (as 64 MiB)" + word;
        case ValueType::kDecimal:
            return "a number from 0 to 1000000, such as 3 or 0.25";
        case ValueType::kHeader:
            return "printable ASCII, not empty";
        case ValueType::kUrl:
            return "http://HOST[:PORT][/PATH] or https://…, without a query (?) or fragment (#)";
        case ValueType::kProxy:
            return "http://[USER:PASSWORD@]HOST[:PORT], HOST:PORT or none; special characters in "
                   "user and password as %40 for @";
        case ValueType::kGrants:
            return "network, exec, read:DIR, write:DIR, unconfined, where DIR is absolute or "
                   "begins "
                   "with ~/";
    }
    return {};
}

Result<SettingValue> parse_value(const KeySpec& spec, std::string_view raw) {
    const std::string_view trimmed = utf8::trimmed(raw);
    SettingValue value{std::string(trimmed), 0};
    bool good =
        !trimmed.empty() && !has_control(trimmed, controls_of(spec)) && utf8::is_valid(trimmed);
    switch (spec.type) {
        case ValueType::kText:
        case ValueType::kPath:
        case ValueType::kPaths:
        case ValueType::kRules:
            break;
        case ValueType::kChoice: {
            const auto after = choices_after(spec.choices, trimmed);
            good = good && after;
            value.number = after.value_or(0);
            break;
        }
        case ValueType::kChoices:
            good = trimmed.empty() || (good && choices_after(spec.choices, trimmed));
            break;
        case ValueType::kUrl:
            good = good && is_url(trimmed);
            break;
        case ValueType::kHeader:
            good = good && is_header_text(trimmed);
            break;
        case ValueType::kGrants:
            good = good && is_grant(trimmed);
            break;
        case ValueType::kProxy:
            good = good && is_proxy(trimmed);
            break;
        default: {
            const bool no_limit = !spec.choices.empty() && trimmed == spec.choices;
            const auto number = no_limit ? std::optional(kUnlimited) : number_in(spec, trimmed);
            good = good && number;
            value.number = number.value_or(0);
        }
    }
    if (!good)
        return Error{in_quotes(shown_value(spec.key, raw)) +
                     " is not allowed; allowed: " + allowed_values(spec)};
    return value;
}

}  // namespace tenon::config
