#include "host/plugins/config.h"

#include <charconv>
#include <string_view>

namespace tenon::plugins {
namespace {

/// A member that is an object, or an empty one.
const Json& object_in(const Json& parent, const std::string& key) {
    static const Json nothing = Json::object();
    const Json& found = member(parent, key);
    return found.is_object() ? found : nothing;
}

template <class Number>
Json number_or_text(const std::string& text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? Json(value) : Json(text);
}

Json typed(const std::string& text, const Json& schema) {
    const std::string type = string_or(schema, "type");
    if (type == "integer") return number_or_text<std::int64_t>(text);
    if (type == "number") return number_or_text<double>(text);
    if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
    if (type == "array") return Json::array({typed(text, object_in(schema, "items"))});
    return text;
}

/// The position in a list that "10" states; 0 when the text is not a position.
std::size_t position_of(std::string_view text) {
    std::size_t at = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), at);
    return error == std::errc() && end == text.data() + text.size() ? at : 0;
}

}  // namespace

Json config_json(const std::map<std::string, std::string>& own, const Json& schema) {
    Json out = Json::object();
    const Json& properties = object_in(schema, "properties");
    std::map<std::string, std::map<std::size_t, Json>> lists;
    for (const auto& [key, text] : own) {
        const std::size_t dot = key.find('.');
        const std::string name = key.substr(0, dot);
        const Json& property = object_in(properties, name);
        const std::string type = string_or(property, "type");
        if (dot == std::string::npos) {
            out[name] = typed(text, property);
        } else if (type == "array" && position_of(std::string_view(key).substr(dot + 1)) > 0) {
            lists[name][position_of(std::string_view(key).substr(dot + 1))] =
                typed(text, object_in(property, "items"));
        } else if (type == "object") {
            const std::string sub = key.substr(dot + 1);
            Json& whole = out[name];
            if (!whole.is_object()) whole = Json::object();
            whole[sub] = typed(text, object_in(object_in(property, "properties"), sub));
        } else {
            out[key] = text;
        }
    }
    for (const auto& [name, elements] : lists) {
        Json list = Json::array();
        for (const auto& [position, element] : elements)
            list.push_back(element);
        out[name] = std::move(list);
    }
    return out;
}

}  // namespace tenon::plugins
