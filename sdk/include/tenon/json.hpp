// SPDX-License-Identifier: Apache-2.0
//
// The JSON that a plugin without a JSON library needs: reading members of an object, and writing
// an object. Header-only, C++17, independent of the locale.
//
// The arguments of a call and the answers of the host are valid JSON. Other text may be read too:
// nothing reads outside of it, whatever is in it, and nothing recurses. Of two members with one
// name the first is found. In a string, what JSON does not allow becomes U+FFFD: an unknown escape,
// half of a surrogate pair.
#ifndef TENON_JSON_HPP
#define TENON_JSON_HPP

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {
inline namespace sdk_1_1 {

namespace detail {

inline void put_utf8(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
        return;
    }
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr std::uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
    out += static_cast<char>(kLead[more] | (c >> (6U * static_cast<unsigned>(more))));
    for (int i = more - 1; i >= 0; --i)
        out += static_cast<char>(0x80U | ((c >> (6U * static_cast<unsigned>(i))) & 0x3FU));
}

/// Walks over valid JSON. On anything else it stops early and never reads past the end.
class JsonCursor {
public:
    explicit JsonCursor(std::string_view text) : text_(text) {}

    /// Skips blanks, and then `c` if it comes next.
    bool take(char c) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    /// The next value as JSON text.
    std::string_view value() {
        skip_blanks();
        const std::size_t from = at_;
        int depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                skip_string();
            } else if (c == '{' || c == '[') {
                ++depth;
                ++at_;
            } else if (c == '}' || c == ']') {
                if (depth == 0) break;
                --depth;
                ++at_;
            } else if (depth == 0 && (c == ',' || c == ':')) {
                break;
            } else {
                ++at_;
            }
            if (depth == 0 && (c == '"' || c == '}' || c == ']')) break;
        }
        std::string_view found = text_.substr(from, at_ - from);
        while (!found.empty() && is_blank(found.back()))
            found.remove_suffix(1);
        return found;
    }

    /// The text of a string value; empty for every other value.
    static std::string decoded(std::string_view quoted) {
        std::string out;
        if (quoted.size() < 2 || quoted.front() != '"') return out;
        quoted = quoted.substr(1, quoted.size() - 2);
        out.reserve(quoted.size());
        for (std::size_t i = 0; i < quoted.size(); ++i) {
            if (quoted[i] != '\\') {
                out += quoted[i];
            } else if (++i < quoted.size()) {
                i = unescape(quoted, i, out);
            }
        }
        return out;
    }

private:
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_]))
            ++at_;
    }
    void skip_string() {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
            if (text_[at_] == '\\') ++at_;
        at_ = at_ < text_.size() ? at_ + 1 : text_.size();
    }

    static constexpr std::uint32_t kReplacement = 0xFFFD;
    static constexpr std::uint32_t kNoUnit = 0x110000;

    /// The four hexadecimal digits at `at`; kNoUnit if there are none.
    static std::uint32_t hex4(std::string_view text, std::size_t at) {
        std::uint32_t unit = 0;
        if (at + 4 > text.size()) return kNoUnit;
        const char* end = text.data() + at + 4;
        return std::from_chars(text.data() + at, end, unit, 16).ptr == end ? unit : kNoUnit;
    }

    /// `at` is behind the backslash; returns the index of the last character taken.
    static std::size_t unescape(std::string_view text, std::size_t at, std::string& out) {
        constexpr std::string_view kShort = "\"\\/bfnrt";
        constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
        if (const std::size_t which = kShort.find(text[at]); which != std::string_view::npos) {
            out += kMeaning[which];
            return at;
        }
        std::uint32_t c = text[at] == 'u' ? hex4(text, at + 1) : kNoUnit;
        if (c == kNoUnit) {
            put_utf8(out, kReplacement);
            return at;
        }
        at += 4;
        if (c >= 0xD800 && c < 0xDC00 && text.substr(at + 1, 2) == "\\u") {
            const std::uint32_t low = hex4(text, at + 3);
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10U) + (low - 0xDC00);
                at += 6;
            }
        }
        put_utf8(out, c >= 0xD800 && c < 0xE000 ? kReplacement : c);
        return at;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace detail

namespace detail {

/// How many of the bytes at the beginning of `text`, which is not empty, are one character of
/// UTF-8; 0 if they are none.
inline std::size_t utf8_size(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xC2 && first < 0xE0   ? 2
                             : (first & 0xF0U) == 0xE0       ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
    if (size == 0 || size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xC0U) != 0x80) return 0;
    const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool beyond = (first == 0xED && byte(1) >= 0xA0) || (first == 0xF4 && byte(1) >= 0x90);
    return overlong || beyond ? 0 : size;
}

}  // namespace detail

/// `text` as a JSON string, quotes included. Each byte that is not UTF-8 becomes U+FFFD.
inline std::string quote(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const char c = text.front();
        const std::size_t size = detail::utf8_size(text);
        if (size == 0) {
            out += "\xEF\xBF\xBD";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
            out += escaped;
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return out += '"';
}

/// Reads an object, such as the arguments of a call or the answer of the host. A view: the text
/// must outlive it. A member that is missing, null or of another type is `fallback`.
class JsonView {
public:
    JsonView() = default;
    explicit JsonView(std::string_view object) : text_(object) {}

    [[nodiscard]] std::string_view json() const { return text_; }

    /// The member as JSON text; empty if there is none.
    [[nodiscard]] std::string_view raw(std::string_view key) const {
        detail::JsonCursor cursor(text_);
        if (!cursor.take('{')) return {};
        while (true) {
            const std::string_view name = cursor.value();
            if (name.empty() || !cursor.take(':')) return {};
            const std::string_view value = cursor.value();
            if (detail::JsonCursor::decoded(name) == key) return value;
            if (!cursor.take(',')) return {};
        }
    }
    [[nodiscard]] bool has(std::string_view key) const {
        const std::string_view value = raw(key);
        return !value.empty() && value != "null";
    }
    [[nodiscard]] std::string text(std::string_view key, std::string fallback = {}) const {
        const std::string_view value = raw(key);
        if (value.empty() || value.front() != '"') return fallback;
        return detail::JsonCursor::decoded(value);
    }
    /// 2.0 is an integer too, as in JSON Schema. `fallback` for a number with a fraction, and for
    /// one that does not fit into 64 bits.
    [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback = 0) const {
        return integer_in(raw(key)).value_or(fallback);
    }
    [[nodiscard]] double number(std::string_view key, double fallback = 0) const {
        return parsed<double>(raw(key)).value_or(fallback);
    }
    [[nodiscard]] bool boolean(std::string_view key, bool fallback = false) const {
        const std::string_view value = raw(key);
        return value == "true" || (value != "false" && fallback);
    }
    /// The strings of an array; other elements are left out.
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const {
        std::vector<std::string> out;
        for (const std::string_view element : elements(raw(key)))
            if (element.front() == '"') out.push_back(detail::JsonCursor::decoded(element));
        return out;
    }
    /// The integers of an array; other elements are left out.
    [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key) const {
        std::vector<std::int64_t> out;
        for (const std::string_view element : elements(raw(key)))
            if (const auto number = integer_in(element)) out.push_back(*number);
        return out;
    }
    /// The objects of an array; other elements are left out.
    [[nodiscard]] std::vector<JsonView> objects(std::string_view key) const {
        std::vector<JsonView> out;
        for (const std::string_view element : elements(raw(key)))
            if (element.front() == '{') out.emplace_back(element);
        return out;
    }

private:
    template <class Number>
    static std::optional<Number> parsed(std::string_view value) {
        Number out{};
        const char* end = value.data() + value.size();
        // from_chars also takes "inf" and "nan", which JSON does not have.
        if (value.empty() || (value.front() != '-' && !is_digit(value.front()))) return {};
        if (value.front() == '-' && (value.size() == 1 || !is_digit(value[1]))) return {};
        const auto [stop, error] = std::from_chars(value.data(), end, out);
        if (error != std::errc() || stop != end) return {};
        return out;
    }
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    static std::optional<std::int64_t> integer_in(std::string_view value) {
        if (value.find_first_of(".eE") == std::string_view::npos)
            return parsed<std::int64_t>(value);
        constexpr double kBeyond = 9223372036854775808.0;  // 2^63
        const double real = parsed<double>(value).value_or(kBeyond);
        if (real < -kBeyond || real >= kBeyond || std::trunc(real) != real) return {};
        return static_cast<std::int64_t>(real);
    }
    static std::vector<std::string_view> elements(std::string_view array) {
        std::vector<std::string_view> out;
        detail::JsonCursor cursor(array);
        if (!cursor.take('[')) return out;
        do {
            const std::string_view element = cursor.value();
            if (element.empty()) break;
            out.push_back(element);
        } while (cursor.take(','));
        return out;
    }

    std::string_view text_;
};

/// Writes an object, member by member. Keys are not checked for being unique.
class JsonObject {
public:
    JsonObject& raw(std::string_view key, std::string_view json) {
        text_ += text_.empty() ? '{' : ',';
        text_.append(quote(key)).append(":").append(json);
        return *this;
    }
    JsonObject& text(std::string_view key, std::string_view value) {
        return raw(key, quote(value));
    }
    JsonObject& integer(std::string_view key, std::int64_t value) {
        return raw(key, std::to_string(value));
    }
    JsonObject& boolean(std::string_view key, bool value) {
        return raw(key, value ? "true" : "false");
    }
    /// JSON knows no infinities: what is not finite becomes null.
    JsonObject& number(std::string_view key, double value) {
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        return raw(key, std::isfinite(value)
                            ? std::string_view(digits, static_cast<std::size_t>(end - digits))
                            : "null");
    }
    JsonObject& texts(std::string_view key, const std::vector<std::string>& values) {
        std::string array = "[";
        for (const std::string& value : values)
            array.append(array.size() > 1 ? "," : "").append(quote(value));
        return raw(key, array += ']');
    }

    [[nodiscard]] std::string json() const { return text_.empty() ? "{}" : text_ + "}"; }

private:
    std::string text_;
};

}  // namespace sdk_1_1
}  // namespace tenon

#endif
