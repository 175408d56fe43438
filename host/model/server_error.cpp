#include "host/model/server_error.h"

#include <algorithm>
#include <array>

#include "host/base/utf8.h"

namespace tenon::model {
namespace {

constexpr std::size_t kMaxMessage = 1000;
constexpr std::size_t kMaxName = 200;
constexpr std::string_view kC1Controls = "\xC2";  // the first byte of U+0080 to U+00BF

std::string message_or_none(const std::string& text) {
    return text.empty() ? "(no message)" : excerpt(text, kMaxMessage);
}

std::string name_in(const Json& object, const char* key) {
    const std::string text = string_or(object, key);
    return text.empty() ? text : excerpt(text, kMaxName);
}

}  // namespace

std::string excerpt(std::string_view bytes, std::size_t max_characters) {
    const std::string text = utf8::repair(bytes);
    std::string line;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const bool c1 = text.compare(i, 1, kC1Controls) == 0 && i + 1 < text.size() &&
                        static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c1) ++i;
        const bool blank = c <= ' ' || c == 0x7F || c1;
        if (!blank) line += text[i];
        if (blank && !line.empty() && line.back() != ' ') line += ' ';
    }
    if (utf8::length(line) > max_characters)
        return std::string(utf8::first(line, max_characters)) + "…";
    return line.empty() ? "(empty body)" : line;
}

std::optional<ServerError> find_error(const Json& object) {
    if (!object.is_object()) return std::nullopt;
    ServerError found;
    found.request_id = name_in(object, "request_id");
    const Json& error = member(object, "error");
    if (error.is_object()) {
        found.type = name_in(error, "type");
        found.message = message_or_none(string_or(error, "message"));
    } else if (const std::string* text = string_in(error)) {
        found.message = message_or_none(*text);
    } else if (const std::string type = string_or(object, "type");
               type == "error" || type.ends_with("_error")) {
        found.type = type == "error" ? "" : excerpt(type, kMaxName);
        found.message = message_or_none(string_or(object, "message"));
    } else {
        return std::nullopt;
    }
    return found;
}

bool is_passing_error(std::string_view type) {
    constexpr std::array<std::string_view, 6> kLasting = {
        "invalid_request_error", "authentication_error", "billing_error",
        "permission_error",      "not_found_error",      "request_too_large"};
    return std::find(kLasting.begin(), kLasting.end(), type) == kLasting.end();
}

}  // namespace tenon::model
