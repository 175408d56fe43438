#include "host/base/json.h"

namespace tenon {
namespace {

/// The nesting depth of what looks like JSON, without parsing: brackets outside strings.
std::size_t depth_of(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > deepest) deepest = depth;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t max_depth) {
    if (depth_of(text) > max_depth) {
        return Error{"JSON nested deeper than " + std::to_string(max_depth) + " levels"};
    }
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& e) {
        std::string why = e.what();
        // "[json.exception.parse_error.101] parse error at line 1, column 3: …": keep the last
        // part.
        if (const auto at = why.find("] "); at != std::string::npos) why.erase(0, at + 2);
        return Error{std::move(why)};
    }
}

std::string dump_json(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_quote(std::string_view text) {
    return dump_json(Json(std::string(text)));
}

std::string string_or(const Json& object, const char* key, std::string otherwise) {
    if (!object.is_object()) return otherwise;
    const auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::move(otherwise);
}

std::int64_t integer_or(const Json& object, const char* key, std::int64_t otherwise) {
    if (!object.is_object()) return otherwise;
    const auto it = object.find(key);
    return it != object.end() && it->is_number_integer() ? it->get<std::int64_t>() : otherwise;
}

bool bool_or(const Json& object, const char* key, bool otherwise) {
    if (!object.is_object()) return otherwise;
    const auto it = object.find(key);
    return it != object.end() && it->is_boolean() ? it->get<bool>() : otherwise;
}

}  // namespace tenon
