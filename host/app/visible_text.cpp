#include "host/app/visible_text.h"

#include <cstdint>
#include <cstdio>

#include "host/base/utf8.h"

namespace tenon::app {
namespace {

constexpr std::size_t kLongestQuote = 80;

struct Range {
    std::uint32_t first, last;
};
// Controls; zero-width and direction marks; line separators; the byte order mark; tags.
constexpr Range kInvisible[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},
                                {0x61C, 0x61C},   {0x200B, 0x200F}, {0x2028, 0x202E},
                                {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE007F}};

bool is_invisible(std::uint32_t code_point) {
    for (const Range& range : kInvisible) {
        if (code_point >= range.first && code_point <= range.last) return true;
    }
    return false;
}

/// The code point of one valid UTF-8 character.
std::uint32_t decode(std::string_view character) {
    const auto lead = static_cast<unsigned char>(character[0]);
    if (character.size() == 1) return lead;
    std::uint32_t code_point = lead & (0xFFU >> (character.size() + 1));
    for (const char next : character.substr(1)) {
        code_point = (code_point << 6U) | (static_cast<unsigned char>(next) & 0x3FU);
    }
    return code_point;
}

std::string escape(std::uint32_t code_point) {
    char text[16];
    std::snprintf(text, sizeof text, code_point < 0x100 ? "\\x%02x" : "\\u%04x", code_point);
    return text;
}

}  // namespace

std::string visible(std::string_view bytes, bool keep_lines) {
    const std::string text = utf8::repair(bytes);
    std::string out;
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view character = utf8::first(rest, 1);
        rest.remove_prefix(character.size());
        const std::uint32_t code_point = decode(character);
        const bool kept = keep_lines && (code_point == '\n' || code_point == '\t');
        if (is_invisible(code_point) && !kept) {
            out += escape(code_point);
        } else {
            out += character;
        }
    }
    return out;
}

std::string in_quotes(std::string_view bytes) {
    // Four bytes a character at most: a hostile value of a megabyte is not walked through.
    const std::string text = visible(bytes.substr(0, 4 * kLongestQuote + 4));
    std::string out = "\"" + std::string(utf8::first(text, kLongestQuote)) + "\"";
    if (utf8::length(text) > kLongestQuote) out += "…";
    return out;
}

}  // namespace tenon::app
