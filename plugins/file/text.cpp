#include "plugins/file/text.h"

namespace tenon::file {
namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        const auto lead = static_cast<unsigned char>(bytes[i]);
        const std::size_t size = lead < 0x80                   ? 1
                                 : lead >= 0xC2 && lead < 0xE0 ? 2
                                 : lead >= 0xE0 && lead < 0xF0 ? 3
                                 : lead >= 0xF0 && lead < 0xF5 ? 4
                                                               : 0;
        if (size == 0 || bytes.size() - i < size) return false;
        for (std::size_t k = 1; k < size; ++k) {
            if (!is_continuation(bytes[i + k])) return false;
        }
        // The second byte rules out overlong forms, surrogates, and what lies beyond U+10FFFF.
        const auto second = static_cast<unsigned char>(size > 1 ? bytes[i + 1] : 0);
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
            (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
            return false;
        i += size;
    }
    return true;
}

std::size_t count_chars(std::string_view text) {
    std::size_t n = 0;
    for (const char c : text)
        n += is_continuation(c) ? 0 : 1;
    return n;
}

std::string_view first_chars(std::string_view text, std::size_t chars) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_continuation(text[i]) && chars-- == 0) return text.substr(0, i);
    }
    return text;
}

bool looks_binary(std::string_view beginning) {
    return beginning.substr(0, kSniffBytes).find('\0') != std::string_view::npos;
}

std::string counted(std::size_t n, std::string_view noun) {
    return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

}  // namespace tenon::file
