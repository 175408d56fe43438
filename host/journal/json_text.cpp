#include "host/journal/json_text.h"

#include <algorithm>

#include "host/base/json.h"
#include "host/base/utf8.h"

namespace tenon::journal {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;
/// Of a number that certainly fits into a double, when it has no exponent.
constexpr std::size_t kShortNumber = 300;

char byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? text[at] : '\0';
}

bool is_json_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The value of a hexadecimal digit, or -1.
int hex_value(char c) {
    if (is_json_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The value of \uXXXX at `at`, or -1.
int unit_at(std::string_view text, std::size_t at) {
    if (text.substr(at, 2) != "\\u") return -1;
    int unit = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
        const int digit = hex_value(byte_at(text, i));
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

bool is_low_surrogate(int unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

bool is_high_surrogate(int unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}

/// The length of the escape at `at`; 0: there is none.
std::size_t escape_length(std::string_view text, std::size_t at) {
    if (at + 1 >= text.size()) return 0;
    if (text[at + 1] != 'u')
        return std::string_view("\"\\/bfnrt").find(text[at + 1]) == kNowhere ? 0 : 2;
    const int unit = unit_at(text, at);
    if (unit < 0 || is_low_surrogate(unit)) return 0;
    if (!is_high_surrogate(unit)) return 6;
    return is_low_surrogate(unit_at(text, at + 6)) ? 12 : 0;
}

std::size_t string_end(std::string_view text, std::size_t at) {
    bool ascii = true;
    for (std::size_t i = at + 1; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '"') {
            const bool valid = ascii || utf8::is_valid(text.substr(at, i - at));
            return valid ? i + 1 : kNowhere;
        }
        if (c < 0x20) return kNowhere;
        const std::size_t length = c == '\\' ? escape_length(text, i) : 1;
        if (length == 0) return kNowhere;
        ascii = ascii && c < 0x80;
        i += length;
    }
    return kNowhere;
}

/// The position after one digit or more.
std::size_t digits_end(std::string_view text, std::size_t at) {
    std::size_t i = at;
    while (is_json_digit(byte_at(text, i)))
        ++i;
    return i > at ? i : kNowhere;
}

std::size_t number_end(std::string_view text, std::size_t at) {
    std::size_t i = byte_at(text, at) == '-' ? at + 1 : at;
    i = byte_at(text, i) == '0' ? i + 1 : digits_end(text, i);
    if (i != kNowhere && byte_at(text, i) == '.') i = digits_end(text, i + 1);
    if (i == kNowhere) return i;
    const bool has_exponent = byte_at(text, i) == 'e' || byte_at(text, i) == 'E';
    if (has_exponent) {
        const char sign = byte_at(text, i + 1);
        i = digits_end(text, i + (sign == '+' || sign == '-' ? 2 : 1));
        if (i == kNowhere) return i;
    }
    // The parser refuses what does not fit into a double.
    const bool fits =
        (!has_exponent && i - at <= kShortNumber) || parse_json(text.substr(at, i - at));
    return fits ? i : kNowhere;
}

/// An array or an object, after its bracket.
std::size_t members_end(std::string_view text, std::size_t at, bool is_object,
                        std::size_t max_depth) {
    const char close = is_object ? '}' : ']';
    std::size_t i = json_blanks_end(text, at);
    if (byte_at(text, i) == close) return i + 1;
    while (true) {
        if (is_object) {
            i = byte_at(text, i) == '"' ? string_end(text, i) : kNowhere;
            if (i == kNowhere) return i;
            i = json_blanks_end(text, i);
            if (byte_at(text, i) != ':') return kNowhere;
            i = json_blanks_end(text, i + 1);
        }
        i = json_value_end(text, i, max_depth);
        if (i == kNowhere) return i;
        i = json_blanks_end(text, i);
        if (byte_at(text, i) == close) return i + 1;
        if (byte_at(text, i) != ',') return kNowhere;
        i = json_blanks_end(text, i + 1);
    }
}

void append_utf8(std::string& out, int code) {
    const auto put = [&](int byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0 | (code >> 6));
    } else {
        if (code < 0x10000) {
            put(0xE0 | (code >> 12));
        } else {
            put(0xF0 | (code >> 18));
            put(0x80 | ((code >> 12) & 0x3F));
        }
        put(0x80 | ((code >> 6) & 0x3F));
    }
    put(0x80 | (code & 0x3F));
}

/// Appends what the escape at `at` stands for. Returns the escape's length.
std::size_t append_escaped(std::string& out, std::string_view text, std::size_t at) {
    constexpr std::string_view kLetters = "bfnrt", kMeanings = "\b\f\n\r\t";
    const char letter = text[at + 1];
    if (letter != 'u') {
        const auto which = kLetters.find(letter);
        out += which == kNowhere ? letter : kMeanings[which];
        return 2;
    }
    const int unit = unit_at(text, at);
    if (!is_high_surrogate(unit)) {
        append_utf8(out, unit);
        return 6;
    }
    append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (unit_at(text, at + 6) - 0xDC00));
    return 12;
}

}  // namespace

std::size_t json_blanks_end(std::string_view text, std::size_t at) {
    return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

std::size_t json_value_end(std::string_view text, std::size_t at, std::size_t max_depth) {
    const char c = byte_at(text, at);
    if (c == '"') return string_end(text, at);
    if (c == '{' || c == '[')
        return max_depth == 0 ? kNowhere : members_end(text, at + 1, c == '{', max_depth - 1);
    if (c == '-' || is_json_digit(c)) return number_end(text, at);
    for (const std::string_view word : {"true", "false", "null"}) {
        if (text.substr(std::min(at, text.size())).starts_with(word)) return at + word.size();
    }
    return kNowhere;
}

std::string json_string_text(std::string_view quoted) {
    const std::string_view text = quoted.substr(1, quoted.size() - 2);
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t escape = std::min(text.find('\\', i), text.size());
        out.append(text, i, escape - i);
        i = escape;
        if (i < text.size()) i += append_escaped(out, text, i);
    }
    return out;
}

}  // namespace tenon::journal
