#include "plugins/front_matter/text.h"

namespace tenon::front_matter {
namespace {

unsigned byte(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

bool continues(std::string_view text, std::size_t at) {
    return at < text.size() && (byte(text, at) & 0xC0U) == 0x80U;
}

/// The bytes of the character at `at`; 0 when there is no valid one (RFC 3629: shortest form, no
/// surrogates).
std::size_t character_size(std::string_view text, std::size_t at) {
    const unsigned lead = byte(text, at);
    if (lead < 0x80) return 1;
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if (!continues(text, at + i)) return 0;
    const unsigned second = byte(text, at + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
    return size;
}

}  // namespace

std::size_t first_bad_byte(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = character_size(text, at);
        if (size == 0) return at;
        at += size;
    }
    return std::string_view::npos;
}

std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool blank = static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
        if (!blank) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

std::string cut(std::string text, std::size_t max_bytes) {
    constexpr std::string_view kEllipsis = "…";
    if (text.size() <= max_bytes) return text;
    std::size_t end = max_bytes > kEllipsis.size() ? max_bytes - kEllipsis.size() : 0;
    while (end > 0 && continues(text, end))
        --end;
    text.resize(end);
    return text.append(kEllipsis);
}

}  // namespace tenon::front_matter
