#include "host/base/ids.h"

#include <algorithm>
#include <stdexcept>
#include <sys/random.h>

namespace tenon {
namespace {

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

bool all_of(std::string_view text, bool (*allowed)(char)) {
    return std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

bool is_session_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && is_alnum(text[0]) &&
           all_of(text, [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_job_id(std::string_view text) {
    return text.size() == 8 &&
           all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_plugin_id(std::string_view text) {
    return !text.empty() && text.size() <= 32 && is_lower(text[0]) &&
           all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_agent_plugin_name(std::string_view text) {
    const auto is_plain = [](char c) { return is_lower(c) || is_digit(c); };
    return !text.empty() && text.size() <= 64 && is_plain(text.front()) && is_plain(text.back()) &&
           text.find("--") == std::string_view::npos && text.find("..") == std::string_view::npos &&
           all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.'; });
}

bool is_tool_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && is_lower(text[0]) &&
           all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

std::string random_hex(std::size_t digits) {
    std::string bytes((digits + 1) / 2, '\0');
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("getrandom gave no bytes");
    }
    constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (const char byte : bytes) {
        const auto b = static_cast<unsigned char>(byte);
        out += kHex[b >> 4U];
        out += kHex[b & 15U];
    }
    out.resize(digits);
    return out;
}

}  // namespace tenon
