#include "plugins/file/text.h"

namespace tenon::file {
namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Next line, line separator and paragraph separator: line ends for some readers.
bool begins_unicode_line_end(std::string_view text) {
    return text.substr(0, 2) == "\xC2\x85" || text.substr(0, 3) == "\xE2\x80\xA8" ||
           text.substr(0, 3) == "\xE2\x80\xA9";
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool needs_quotes(std::string_view path) {
    if (!path.empty() && path.front() == '"') return true;
    for (std::size_t i = 0; i < path.size(); ++i)
        if (is_control(path[i]) || begins_unicode_line_end(path.substr(i))) return true;
    return false;
}

std::string octal(char c) {
    const auto byte = static_cast<unsigned char>(c);
    std::string out = "\\";
    for (const unsigned shift : {6U, 3U, 0U})
        out += static_cast<char>('0' + ((byte >> shift) & 7U));
    return out;
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

std::string listed(std::string_view path) {
    if (!needs_quotes(path)) return std::string(path);
    constexpr std::string_view kNamed = "\n\t\r\"\\";
    constexpr std::string_view kNames = "ntr\"\\";
    std::string out = "\"";
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (const auto named = kNamed.find(path[i]); named != std::string_view::npos) {
            out += '\\';
            out += kNames[named];
        } else if (is_control(path[i])) {
            out += octal(path[i]);
        } else if (begins_unicode_line_end(path.substr(i))) {
            const std::size_t size = path[i] == '\xC2' ? 2 : 3;
            for (std::size_t end = i + size; i < end; ++i)
                out += octal(path[i]);
            --i;
        } else {
            out += path[i];
        }
    }
    return out + "\"";
}

std::string quoted_argument(std::string_view argument) {
    constexpr std::size_t kShown = 200;
    if (argument.size() <= kShown) return std::string(argument);
    std::size_t end = kShown;
    while (end > 0 && is_continuation(argument[end]))
        --end;
    return std::string(argument.substr(0, end)) + "... (" + std::to_string(argument.size()) +
           " bytes)";
}

bool looks_binary(std::string_view beginning) {
    return beginning.substr(0, kSniffBytes).find('\0') != std::string_view::npos;
}

std::string counted(std::size_t n, std::string_view noun) {
    return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

}  // namespace tenon::file
