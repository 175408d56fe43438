#include "host/model/blocks.h"

#include <algorithm>

#include "host/agent/wire.h"
#include "host/base/json.h"

namespace tenon::model {
namespace {

std::string_view without_white_space(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto first = text.find_first_not_of(kSpace);
    return first == text.npos ? std::string_view()
                              : text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

}  // namespace

std::string_view block_of(const agent::Message& message, std::size_t block) {
    const std::string_view wire = message.wire;
    const std::size_t from = block == 0 ? wire.find('[') + 1 : message.block_ends[block - 1] + 2;
    return wire.substr(from, message.block_ends[block] + 1 - from);
}

std::string type_of(std::string_view object) {
    return text_in(value_of(object, "type"));
}

std::string text_in(std::string_view json_string) {
    const std::string_view plain = inside_quotes(json_string);
    if (plain.find('\\') == plain.npos) return std::string(plain);
    const Json parsed = json_or_null(json_string);
    const std::string* text = string_in(parsed);
    return text != nullptr ? *text : std::string();
}

std::string_view value_of(std::string_view object, std::string_view key) {
    return value_in(agent::raw_member(object, key));
}

std::string_view value_in(std::string_view json) {
    const std::string_view value = without_white_space(json);
    return value == "null" ? std::string_view() : value;
}

std::string_view inside_quotes(std::string_view json_string) {
    const bool is_string = json_string.size() >= 2 && json_string.front() == '"';
    return is_string ? json_string.substr(1, json_string.size() - 2) : std::string_view();
}

std::string quoted_json(std::string_view json) {
    std::string out;
    out.reserve(json.size() + json.size() / 8 + 2);
    out += '"';
    for (std::size_t from = 0; from < json.size();) {
        // Valid JSON has no other control characters than white space.
        const auto found = std::find_if(json.begin() + from, json.end(), [](unsigned char c) {
            return c < ' ' || c == '"' || c == '\\';
        });
        const auto special = static_cast<std::size_t>(found - json.begin());
        out.append(json.substr(from, special - from));
        if (special == json.size()) break;
        const char c = json[special];
        const bool is_space = c != '"' && c != '\\';
        if (!is_space) out += '\\';
        out += is_space ? ' ' : c;
        from = special + 1;
    }
    return out + '"';
}

std::vector<std::string_view> image_url_of(std::string_view image_block) {
    const std::string_view source = value_of(image_block, "source");
    if (!source.starts_with('{')) return {};
    const std::string_view address = inside_quotes(value_of(source, "url"));
    if (!address.empty()) return {"\"", address, "\""};
    const std::string_view data = inside_quotes(value_of(source, "data"));
    if (data.empty()) return {};
    return {"\"data:", inside_quotes(value_of(source, "media_type")), ";base64,", data, "\""};
}

std::string parameters_of(std::string_view tool) {
    const std::string_view schema = value_of(tool, "input_schema");
    if (!schema.starts_with('{')) return R"({"type":"object","properties":{}})";
    std::string out(schema);
    const bool is_empty = without_white_space(schema.substr(1)) == "}";
    const auto [type, properties] = values_of<2>(schema, {"type", "properties"});
    if (properties.empty()) out.insert(1, is_empty ? R"("properties":{})" : R"("properties":{},)");
    if (type.empty()) out.insert(1, R"("type":"object",)");
    return out;
}

}  // namespace tenon::model
