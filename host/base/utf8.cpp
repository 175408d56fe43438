#include "host/base/utf8.h"

namespace tenon::utf8 {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Step {
    std::size_t bytes;  // of a character when valid, else of the maximal invalid part
    bool valid;
};

unsigned char byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

bool is_continuation(unsigned char c) {
    return (c & 0xC0U) == 0x80U;
}

/// The legal range of the second byte depends on the first (Unicode 15, table 3-7).
Step step(std::string_view text, std::size_t at) {
    const unsigned char lead = byte_at(text, at);
    if (lead < 0x80) return {1, true};
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else {
        return {1, false};
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (at + i >= text.size()) return {i, false};
        const unsigned char c = byte_at(text, at + i);
        const bool fits = i == 1 ? (c >= low && c <= high) : is_continuation(c);
        if (!fits) return {i, false};
    }
    return {length, true};
}

}  // namespace

bool is_valid(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        if (byte_at(bytes, at) < 0x80) {  // most of any text
            ++at;
            continue;
        }
        const Step s = step(bytes, at);
        if (!s.valid) return false;
        at += s.bytes;
    }
    return true;
}

std::string repair(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    std::size_t clean_from = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const Step s = step(bytes, at);
        if (!s.valid) {
            out.append(bytes.substr(clean_from, at - clean_from)).append(kReplacement);
            clean_from = at + s.bytes;
        }
        at += s.bytes;
    }
    out.append(bytes.substr(clean_from));
    return out;
}

std::size_t incomplete_suffix(std::string_view bytes) {
    const std::size_t reach = bytes.size() < 3 ? bytes.size() : 3;
    for (std::size_t back = 1; back <= reach; ++back) {
        const std::size_t at = bytes.size() - back;
        if (is_continuation(byte_at(bytes, at))) continue;
        const Step s = step(bytes, at);
        const unsigned char lead = byte_at(bytes, at);
        return !s.valid && s.bytes == back && lead >= 0xC2 && lead <= 0xF4 ? back : 0;
    }
    return 0;
}

std::size_t length(std::string_view text) {
    std::size_t n = 0;
    for (const char c : text)
        n += is_continuation(static_cast<unsigned char>(c)) ? 0 : 1;
    return n;
}

std::string_view first(std::string_view text, std::size_t characters) {
    std::size_t seen = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_continuation(byte_at(text, at))) continue;
        if (seen++ == characters) return text.substr(0, at);
    }
    return text;
}

std::string_view last(std::string_view text, std::size_t characters) {
    if (characters == 0) return {};
    std::size_t seen = 0;
    for (std::size_t at = text.size(); at-- > 0;) {
        if (is_continuation(byte_at(text, at))) continue;
        if (++seen == characters) return text.substr(at);
    }
    return text;
}

std::string_view first_bytes(std::string_view text, std::size_t max_bytes) {
    if (text.size() <= max_bytes) return text;
    while (max_bytes > 0 && is_continuation(byte_at(text, max_bytes)))
        --max_bytes;
    return text.substr(0, max_bytes);
}

std::string_view trimmed(std::string_view bytes, std::string_view blanks) {
    const std::size_t first = bytes.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return bytes.substr(first, bytes.find_last_not_of(blanks) - first + 1);
}

std::string_view without_byte_order_mark(std::string_view text) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

std::string shorten(std::string_view text, std::size_t limit, std::size_t head, std::size_t tail,
                    const std::function<std::string(std::size_t)>& marker) {
    if (text.size() <= limit) return std::string(text);
    const std::size_t total = length(text);
    if (total <= limit) return std::string(text);
    std::string out(first(text, head));
    out += marker(total - head - tail);
    out += last(text, tail);
    return out;
}

}  // namespace tenon::utf8
