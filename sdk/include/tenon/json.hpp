// SPDX-License-Identifier: Apache-2.0
//
// The JSON that a plugin without a JSON library needs: reading members of an object that is known
// to be valid (the host has parsed it before), and writing an object. Header-only, C++17,
// independent of the locale.
#ifndef TENON_JSON_HPP
#define TENON_JSON_HPP

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {
inline namespace sdk_1_0 {

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

    static std::uint32_t hex4(std::string_view text, std::size_t at) {
        std::uint32_t unit = 0;
        if (at + 4 > text.size()) return 0xFFFD;
        const char* end = text.data() + at + 4;
        return std::from_chars(text.data() + at, end, unit, 16).ptr == end ? unit : 0xFFFD;
    }

    /// `at` is behind the backslash; returns the index of the last character taken.
    static std::size_t unescape(std::string_view text, std::size_t at, std::string& out) {
        switch (text[at]) {
            case 'b':
                out += '\b';
                return at;
            case 'f':
                out += '\f';
                return at;
            case 'n':
                out += '\n';
                return at;
            case 'r':
                out += '\r';
                return at;
            case 't':
                out += '\t';
                return at;
            case 'u':
                break;
            default:
                out += text[at];
                return at;
        }
        std::uint32_t c = hex4(text, at + 1);
        at += 4;
        if (c >= 0xD800 && c < 0xDC00 &&
            text.substr(at + 1 < text.size() ? at + 1 : text.size(), 2) == "\\u") {
            const std::uint32_t low = hex4(text, at + 3);
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10U) + (low - 0xDC00);
                at += 6;
            }
        }
        put_utf8(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
        return at;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace detail

/// `text` as a JSON string, quotes included. Bytes above 127 pass as they are.
inline std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
            out += escaped;
        } else {
            out += c;
        }
    }
    return out += '"';
}

/// Reads an object that is valid JSON, such as the arguments of a call or the answer of the host.
/// A view: the text must outlive it. A member that is missing, null or of another type is
/// `fallback`.
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
    /// 2.0 is an integer too, as in JSON Schema. `fallback` for a number that does not fit.
    [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback = 0) const {
        const std::string_view value = raw(key);
        if (value.find_first_of(".eE") == std::string_view::npos) return parsed(value, fallback);
        constexpr double kBeyond = 9223372036854775808.0;  // 2^63
        const double real = parsed(value, kBeyond);
        const bool fits = real >= -kBeyond && real < kBeyond && std::trunc(real) == real;
        return fits ? static_cast<std::int64_t>(real) : fallback;
    }
    [[nodiscard]] double number(std::string_view key, double fallback = 0) const {
        return parsed(raw(key), fallback);
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
    /// The objects of an array; other elements are left out.
    [[nodiscard]] std::vector<JsonView> objects(std::string_view key) const {
        std::vector<JsonView> out;
        for (const std::string_view element : elements(raw(key)))
            if (element.front() == '{') out.emplace_back(element);
        return out;
    }

private:
    template <class Number>
    static Number parsed(std::string_view value, Number fallback) {
        Number out{};
        const char* end = value.data() + value.size();
        const auto [stop, error] = std::from_chars(value.data(), end, out);
        return error == std::errc() && stop == end ? out : fallback;
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

}  // namespace sdk_1_0
}  // namespace tenon

#endif
