#include "host/base/path_text.h"

#include <algorithm>

#include "host/base/utf8.h"

namespace tenon {
namespace {

constexpr std::string_view kScheme = "file://";
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool stays(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/-._~").find(c) != std::string_view::npos;
}

/// The value of a hexadecimal digit, or -1.
int digit(char c) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    const auto at = kHexDigits.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string path_to_text(std::string_view path) {
    if (utf8::is_valid(path) && !path.starts_with(kScheme)) return std::string(path);
    std::string text(kScheme);
    for (const char c : path) {
        if (stays(c)) {
            text += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        text += '%';
        text += kHexDigits[byte >> 4U];
        text += kHexDigits[byte & 0xFU];
    }
    return text;
}

std::string path_from_text(std::string_view text) {
    if (!text.starts_with(kScheme)) return std::string(text);
    text.remove_prefix(kScheme.size());
    std::string path;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escaped = text[at] == '%' && at + 2 < text.size() && digit(text[at + 1]) >= 0 &&
                             digit(text[at + 2]) >= 0;
        if (escaped) {
            path += static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2]));
            at += 2;
        } else {
            path += text[at];
        }
    }
    return path;
}

bool is_beneath(std::string_view path, std::string_view directory) {
    if (directory == "/") return path.starts_with('/');
    return path.starts_with(directory) &&
           (path.size() == directory.size() || path[directory.size()] == '/');
}

bool is_beneath_any(std::string_view path, const std::vector<std::string>& directories) {
    return std::any_of(directories.begin(), directories.end(),
                       [&](const std::string& directory) { return is_beneath(path, directory); });
}

}  // namespace tenon
