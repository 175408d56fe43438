#include "host/terminal/wide_text.h"

#include "host/base/utf8.h"

namespace tenon::terminal {
namespace {

constexpr wchar_t kReplacement = 0xfffd;

std::size_t length_of(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead < 0xe0) return 2;
    return lead < 0xf0 ? 3 : 4;
}

void append(std::string& text, wchar_t wide) {
    const bool valid = wide >= 0 && wide <= 0x10ffff && (wide < 0xd800 || wide > 0xdfff);
    const auto c = static_cast<char32_t>(valid ? wide : kReplacement);
    const auto byte = [&](char32_t value) { text.push_back(static_cast<char>(value)); };
    const auto rest = [&](int shift) { byte(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xc0 | (c >> 6));
        rest(0);
    } else if (c < 0x10000) {
        byte(0xe0 | (c >> 12));
        rest(6);
        rest(0);
    } else {
        byte(0xf0 | (c >> 18));
        rest(12);
        rest(6);
        rest(0);
    }
}

}  // namespace

std::wstring to_wide(std::string_view utf8) {
    const std::string text = utf8::repair(utf8);
    std::wstring wide;
    wide.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t length = length_of(lead);
        char32_t c = length == 1 ? lead : lead & (0xffU >> (length + 1));
        for (std::size_t i = 1; i < length; ++i)
            c = (c << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
        wide.push_back(static_cast<wchar_t>(c));
        at += length;
    }
    return wide;
}

std::string to_utf8(std::wstring_view wide) {
    std::string text;
    text.reserve(wide.size());
    for (const wchar_t c : wide)
        append(text, c);
    return text;
}

}  // namespace tenon::terminal
