#include "host/model/event_data.h"

#include <charconv>

#include "host/base/utf8.h"

namespace tenon::model {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kEscape = 6;  // \uXXXX

/// The value of the four hex digits of a \u escape at `at` (where the backslash is), or -1.
int escape_at(std::string_view text, std::size_t at) {
    if (at + kEscape > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
    int value = -1;
    const char* digits = text.data() + at + 2;
    const auto [end, error] = std::from_chars(digits, digits + 4, value, 16);
    return error == std::errc{} && end == digits + 4 ? value : -1;
}

bool is_high(int unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low(int unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/// Replaces \u escapes of surrogates that have no partner by \ufffd.
std::string mend_surrogates(std::string text) {
    for (std::size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at)) {
        const int unit = escape_at(text, at);
        if (is_high(unit) && is_low(escape_at(text, at + kEscape))) {
            at += 2 * kEscape;
        } else {
            if (is_high(unit) || is_low(unit)) text.replace(at, kEscape, "\\ufffd");
            at += unit >= 0 ? kEscape : 2;
        }
    }
    return text;
}

/// The position of a string that may begin with the second half of a character; npos: none does.
std::size_t find_second_half(std::string_view text) {
    for (std::size_t quote = text.find('"'); quote != text.npos;
         quote = text.find('"', quote + 1)) {
        const std::size_t at = quote + 1;
        if (at >= text.size()) break;
        const bool continues = (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80;
        if (continues || is_low(escape_at(text, at))) return at;
    }
    return text.npos;
}

/// The length of a first half that ends at `end`: an escape of a high surrogate, or the first bytes
/// of a character; 0: none.
std::size_t first_half_before(std::string_view text, std::size_t end) {
    const std::string_view before = text.substr(0, end);
    if (const std::size_t bytes = utf8::incomplete_suffix(before); bytes > 0) return bytes;
    if (end < kEscape || !is_high(escape_at(text, end - kEscape))) return 0;
    std::size_t backslashes = 1;  // an even number of them is no escape
    while (end >= kEscape + backslashes + 1 && text[end - kEscape - backslashes] == '\\')
        ++backslashes;
    return backslashes % 2 == 1 ? kEscape : 0;
}

/// Whether an event carries text, in any wire format. A ping between two halves does not separate
/// them.
bool may_have_text(const Json& event) {
    const std::string type = string_or(event, "type");
    return type == "content_block_delta" || type.ends_with(".delta") ||
           !member(event, "choices").empty();
}

Error too_many_values() {
    return Error{"more than " + std::to_string(kMaxAnswerValues) + " JSON values"};
}

}  // namespace

std::size_t most_values_in(std::string_view json) {
    std::size_t values = 1;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == ',' || c == '[' || c == '{') {
            ++values;
        }
    }
    return values;
}

bool has_few_values(std::string_view json, std::size_t most) {
    return json.size() <= most || most_values_in(json) <= most;
}

Result<Json> parse_event_data(std::string_view data) {
    if (!has_few_values(data)) return too_many_values();
    auto parsed = parse_json(data);
    if (parsed) return parsed;
    auto mended = parse_json(mend_surrogates(utf8::repair(data)));
    if (mended) return mended;
    return parsed;
}

Result<OrderedJson> ordered_event(std::string_view raw, const Json& parsed) {
    auto ordered = parse_ordered_json(raw, kMaxJsonDepth, kMaxOrderedMembers);
    return ordered ? std::move(ordered)
                   : parse_ordered_json(dump_json(parsed), kMaxJsonDepth, kMaxOrderedMembers);
}

void EventDataParser::lose_half() {
    if (!std::exchange(half_, {}).empty()) lost_ += kReplacement;
}

void EventDataParser::end_text() {
    lose_half();
}

Result<Json> EventDataParser::parse(std::string_view data) {
    if (!has_few_values(data)) return too_many_values();
    auto parsed = parse_json(data);
    if (parsed) {
        if (may_have_text(*parsed)) lose_half();
        return parsed;
    }
    return parse_event_data(mend(data));
}

/// Inserts the kept half before its other half, and keeps a half at the end of a string.
std::string EventDataParser::mend(std::string_view data) {
    std::string text(data);
    const std::size_t second = find_second_half(text);
    if (second != text.npos && !half_.empty()) {
        text.insert(second, std::exchange(half_, {}));
    } else {
        lose_half();
    }
    for (std::size_t quote = text.find('"'); quote != text.npos;
         quote = text.find('"', quote + 1)) {
        const std::size_t bytes = first_half_before(text, quote);
        if (bytes == 0) continue;
        half_ = text.substr(quote - bytes, bytes);
        text.erase(quote - bytes, bytes);
        break;
    }
    return text;
}

}  // namespace tenon::model
