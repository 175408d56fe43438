#include "host/base/character.h"

#include <algorithm>
#include <cwchar>
#include <cwctype>
#include <langinfo.h>

#include "host/base/utf8.h"

namespace tenon {
namespace {

constexpr char32_t kReplacementCode = 0xFFFD;

bool is_skin_tone(char32_t code) {
    return code >= 0x1F3FB && code <= 0x1F3FF;
}

/// Emoji and ideographs that are younger than the C library. Newer terminals show them wide.
bool is_wide_when_unknown(char32_t code) {
    return (code >= 0x1F000 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
}

/// A locale that is either C.UTF-8 or the environment's.
locale_t find_utf8_locale() {
    for (const char* name : {"C.UTF-8", ""}) {
        const locale_t locale = ::newlocale(LC_CTYPE_MASK, name, nullptr);
        if (locale == nullptr) continue;
        if (std::string_view(::nl_langinfo_l(CODESET, locale)) == "UTF-8") return locale;
        ::freelocale(locale);
    }
    return nullptr;
}

/// -1: the C library does not know it. There is no wcwidth_l(), so the thread's locale changes for
/// the call.
int library_columns(char32_t code) {
    const locale_t before = ::uselocale(utf8_locale());
    const int columns = ::wcwidth(static_cast<wchar_t>(code));
    ::uselocale(before);
    return columns;
}

/// Of category M: wcwidth() knows only those that take no column of their own.
bool is_mark(char32_t code) {
    const locale_t locale = utf8_locale();
    if (locale == nullptr) return false;
    static const wctype_t kMark = ::wctype_l("combining", locale);
    return ::iswctype_l(static_cast<wint_t>(code), kMark, locale) != 0;
}

}  // namespace

locale_t utf8_locale() {
    static const locale_t locale = find_utf8_locale();
    return locale;
}

Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    bytes = std::min(bytes, text.size());
    char32_t code = lead & (0xFFU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i)
        code = (code << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return {code, bytes};
}

bool is_code_point(char32_t code) {
    return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

void append_character(std::string& text, char32_t code) {
    if (!is_code_point(code)) code = kReplacementCode;
    const auto rest = [&](unsigned shift) {
        text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
    };
    if (code < 0x80) {
        text += static_cast<char>(code);
        return;
    }
    if (code < 0x800) {
        text += static_cast<char>(0xC0U | (code >> 6U));
    } else if (code < 0x10000) {
        text += static_cast<char>(0xE0U | (code >> 12U));
        rest(6);
    } else {
        text += static_cast<char>(0xF0U | (code >> 18U));
        rest(12);
        rest(6);
    }
    rest(0);
}

std::wstring to_wide(std::string_view utf8) {
    const std::string text = utf8::repair(utf8);
    std::wstring wide;
    wide.reserve(text.size());
    for (std::string_view rest = text; !rest.empty();) {
        const Character c = first_character(rest);
        wide.push_back(static_cast<wchar_t>(c.code));
        rest.remove_prefix(c.bytes);
    }
    return wide;
}

std::string to_utf8(std::wstring_view wide) {
    std::string text;
    text.reserve(wide.size());
    for (const wchar_t c : wide)
        append_character(text, static_cast<char32_t>(c));
    return text;
}

std::size_t columns_of(char32_t code) {
    if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return 0;
    if (code < 0x300) return 1;
    const int columns = library_columns(code);
    if (columns < 0) return is_wide_when_unknown(code) ? 2 : 1;
    return static_cast<std::size_t>(columns);
}

bool continues_cluster(char32_t code) {
    if (code < 0x300) return false;
    return columns_of(code) == 0 || is_mark(code) || is_skin_tone(code);
}

bool is_regional_indicator(char32_t code) {
    return code >= 0x1F1E6 && code <= 0x1F1FF;
}

}  // namespace tenon
