#include <cstdint>

#include "host/shell/parser.h"

/// $'…', bash(1) QUOTING and lib/sh/strtrans.c of bash 5.2.
namespace tenon::shell {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | (code >> 6U));
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | ((code >> 18U) & 0x07U));
        put(0x80U | ((code >> 12U) & 0x3FU));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

class AnsiC {
public:
    explicit AnsiC(std::string_view text) : text_(text) {}

    std::string decode() {
        std::string out;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c != '\\' || at_ == text_.size()) {
                out += c;
                continue;
            }
            // For bash a NUL ends the string.
            if (!escape(out)) return out;
        }
        return out;
    }

private:
    std::uint32_t digits(int base, std::size_t max) {
        std::uint32_t value = 0;
        for (; max > 0 && at_ < text_.size(); --max, ++at_) {
            const int digit = hex_value(text_[at_]);
            if (digit < 0 || digit >= base) break;
            value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
        }
        return value;
    }
    static bool put_byte(std::string& out, std::uint32_t value) {
        value &= 0xFFU;
        if (value != 0) out += static_cast<char>(value);
        return value != 0;
    }
    /// \x{…} takes any number of digits, and the } may be missing.
    bool long_hex(std::string& out) {
        ++at_;
        const std::uint32_t value = digits(16, text_.size());
        if (at_ < text_.size() && text_[at_] == '}') ++at_;
        return put_byte(out, value);
    }
    bool number(std::string& out, char kind) {
        if (kind == 'x' && at_ < text_.size() && text_[at_] == '{') return long_hex(out);
        const std::size_t start = at_;
        const std::uint32_t value = digits(16, kind == 'x' ? 2 : kind == 'u' ? 4 : 8);
        if (at_ == start) {
            out += '\\';
            out += kind;
            return true;
        }
        if (kind == 'x') return put_byte(out, value);
        if (value != 0) append_utf8(out, value);
        return value != 0;
    }
    bool control(std::string& out) {
        if (at_ == text_.size()) {
            out += "\\c";
            return true;
        }
        char c = text_[at_++];
        if (c == '\\' && at_ < text_.size() && text_[at_] == c) ++at_;
        if (c == '?') return put_byte(out, 0x7F);
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        return put_byte(out, static_cast<unsigned char>(c) & 0x1FU);
    }
    bool escape(std::string& out) {
        const char c = text_[at_++];
        constexpr std::string_view kFrom = "abeEfnrtv\\'\"?";
        constexpr std::string_view kTo = "\a\b\x1B\x1B\f\n\r\t\v\\'\"?";
        if (const auto which = kFrom.find(c); which != std::string_view::npos) {
            out += kTo[which];
            return true;
        }
        if (c >= '0' && c <= '7') {
            --at_;
            return put_byte(out, digits(8, 3));
        }
        if (c == 'x' || c == 'u' || c == 'U') return number(out, c);
        if (c == 'c') return control(out);
        out += '\\';
        out += c;
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::string decode_ansi_c(std::string_view text) {
    return AnsiC(text).decode();
}

}  // namespace tenon::shell
