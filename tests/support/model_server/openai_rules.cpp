#include "tests/support/model_server/openai_rules.h"

#include <algorithm>

namespace tenon::testing::openai {
namespace {

constexpr std::string_view kErrorPrefix = "Error: ";

const char* article_and_type(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null:
            return "null";
        case Json::value_t::object:
            return "an object";
        case Json::value_t::array:
            return "an array";
        case Json::value_t::string:
            return "a string";
        case Json::value_t::boolean:
            return "a boolean";
        case Json::value_t::number_float:
            return "a decimal number";
        default:
            return "an integer";
    }
}

void check_strict_object(const Json& schema, const std::string& start) {
    if (!schema.is_structured()) return;
    if (schema.is_object() && schema.value("type", Json()) == "object") {
        if (schema.value("additionalProperties", Json()) != false) {
            refuse(start + "'additionalProperties' is required to be supplied and to be false.",
                   "invalid_function_parameters");
        }
        const Json required = schema.value("required", Json::array());
        // Named: a temporary would not outlive the beginning of the loop.
        const Json properties = schema.value("properties", Json::object());
        for (const auto& [key, value] : properties.items()) {
            if (std::find(required.begin(), required.end(), key) == required.end()) {
                refuse(start +
                           "'required' is required to be supplied and to be an array including "
                           "every key in properties. Missing '" +
                           key + "'.",
                       "invalid_function_parameters");
            }
        }
    }
    for (const Json& inner : schema)
        check_strict_object(inner, start);
}

std::string type_of(int status) {
    if (status == 401) return "invalid_request_error";
    if (status == 429) return "rate_limit_exceeded";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

}  // namespace

void refuse(const std::string& message, const std::string& code, const std::string& param) {
    throw RefusedRequest{400, message, code, param};
}

void refuse_type(const std::string& where, const std::string& wanted, const Json& value) {
    refuse("Invalid type for '" + where + "': expected " + wanted + ", but got " +
               article_and_type(value) + " instead.",
           "invalid_type", where);
}

void refuse_value(const std::string& where, const std::string& value,
                  const std::string& supported) {
    refuse("Invalid value: '" + value + "'. Supported values are: " + supported + ".",
           "invalid_value", where);
}

std::string path_of(const std::string& where, std::string_view key) {
    return where.empty() ? std::string(key) : where + "." + std::string(key);
}

void only(const Json& object, std::initializer_list<std::string_view> allowed,
          const std::string& where) {
    if (!object.is_object()) refuse_type(where, "an object", object);
    for (const auto& [key, value] : object.items()) {
        if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
        refuse("Unknown parameter: '" + path_of(where, key) + "'.", "unknown_parameter",
               path_of(where, key));
    }
}

const Json& need(const Json& object, const char* key, const std::string& where) {
    if (!object.is_object()) refuse_type(where, "an object", object);
    const auto found = object.find(key);
    if (found == object.end()) {
        refuse("Missing required parameter: '" + path_of(where, key) + "'.",
               "missing_required_parameter", path_of(where, key));
    }
    return *found;
}

std::string need_string(const Json& object, const char* key, const std::string& where) {
    const Json& value = need(object, key, where);
    if (!value.is_string()) refuse_type(path_of(where, key), "a string", value);
    return value.get<std::string>();
}

void may_be_bool(const Json& object, const char* key, const std::string& where) {
    const auto found = object.find(key);
    if (found != object.end() && !found->is_boolean())
        refuse_type(path_of(where, key), "a boolean", *found);
}

void may_be_number(const Json& object, const char* key, const std::string& where) {
    const auto found = object.find(key);
    if (found != object.end() && !found->is_number())
        refuse_type(path_of(where, key), "a decimal", *found);
}

void check_name(const std::string& name, const std::string& where) {
    if (name.empty()) {
        refuse("Invalid '" + where +
                   "': empty string. Expected a string with minimum length 1, but got an empty "
                   "string instead.",
               "empty_string", where);
    }
    check_length(name, 64, where);
    if (!is_plain_name(name, 64)) {
        refuse("Invalid '" + where +
                   "': string does not match pattern. Expected a string that matches the pattern "
                   "'^[a-zA-Z0-9_-]+$'.",
               "invalid_value", where);
    }
}

void check_length(const std::string& text, std::size_t longest, const std::string& where) {
    if (text.size() <= longest) return;
    refuse("Invalid '" + where + "': string too long. Expected a string with maximum length " +
               std::to_string(longest) + ", but got a string with length " +
               std::to_string(text.size()) + " instead.",
           "string_above_max_length", where);
}

void check_schema(const Json& schema, bool strict, const std::string& function) {
    const std::string start = "Invalid schema for " + function + ": In context=(), ";
    if (!schema.is_object() || schema.value("type", Json()) != "object") {
        refuse("Invalid schema for " + function +
                   ": schema must be a JSON Schema of 'type: \"object\"', got 'type: \"" +
                   (schema.is_object() ? schema.value("type", Json()).dump() : "None") + "\"'.",
               "invalid_function_parameters");
    }
    if (!schema.value("properties", Json::object()).is_object())
        refuse(start + "'properties' is not of type 'object'.", "invalid_function_parameters");
    if (strict) check_strict_object(schema, start);
}

void check_arguments(const Json& call, const std::string& where) {
    const std::string text = need_string(call, "arguments", where);
    const Json parsed = Json::parse(text, nullptr, false);
    if (parsed.is_object()) return;
    refuse("Invalid '" + path_of(where, "arguments") +
               "': the arguments of a call must be a JSON object, but got '" + text + "'.",
           "invalid_value", path_of(where, "arguments"));
}

void check_image_url(const std::string& url, const std::string& where) {
    for (const char* kind : {"png", "jpeg", "gif", "webp"}) {
        if (url.starts_with("data:image/" + std::string(kind) + ";base64,")) return;
    }
    refuse("Invalid '" + where +
               "'. Expected a base64-encoded data URL with an image MIME type (e.g. "
               "'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=').",
           "invalid_value", where);
}

void check_fields(const Fields& fields, const EndpointRules& rules) {
    for (const char* name : {"x-api-key", "anthropic-version", "anthropic-beta"}) {
        if (!field_of(fields, name).empty())
            refuse(std::string(name) + ": this server does not know this header field");
    }
    if (!field_of(fields, "authorization").empty() &&
        !field_of(fields, "authorization").starts_with("Bearer ")) {
        throw RefusedRequest{401, "The Authorization header has no bearer token",
                             "invalid_api_key"};
    }
    if (auto refusal = check_key(fields, rules)) {
        if (refusal->status == 401 && field_of(fields, "authorization").empty()) {
            refusal->message =
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
        } else if (refusal->status == 401) {
            refusal->message = "Incorrect API key provided.";
        }
        throw RefusedRequest(*refusal);
    }
    if (!field_of(fields, "content-type").starts_with("application/json"))
        refuse("Unsupported content type. This API method only accepts 'application/json'.");
}

std::string error_body(const RefusedRequest& error, const std::string& type) {
    const auto or_null = [](const std::string& text) {
        return text.empty() ? OrderedJson() : OrderedJson(text);
    };
    const OrderedJson inner = {{"message", error.message},
                               {"type", type.empty() ? type_of(error.status) : type},
                               {"param", or_null(error.param)},
                               {"code", or_null(error.code)}};
    return OrderedJson({{"error", inner}}).dump();
}

std::string code_of(const std::string& type) {
    if (type == "rate_limit_error") return "rate_limit_exceeded";
    if (type == "overloaded_error" || type == "api_error") return "server_error";
    return type;
}

Json Counts::total() const {
    if (!input.is_number_integer() || !output.is_number_integer()) return nullptr;
    return input.get<std::int64_t>() + output.get<std::int64_t>();
}

Counts counts_of(const Json& usage) {
    Counts out;
    if (!usage.is_object()) return out;
    out.cached = usage.value("cache_read_input_tokens", Json(0));
    out.output = usage.value("output_tokens", Json(5));
    out.input = usage.value("input_tokens", Json(10));
    std::int64_t all = 0;
    for (const char* key :
         {"input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"}) {
        const Json figure =
            usage.value(key, key == std::string("input_tokens") ? Json(10) : Json(0));
        // Figures that cannot be are sent as they are.
        if (!figure.is_number_integer() || figure < 0 || figure > (1LL << 50)) return out;
        all += figure.get<std::int64_t>();
    }
    out.input = all;
    return out;
}

bool take_error_prefix(std::string& text) {
    if (!text.starts_with(kErrorPrefix)) return false;
    text.erase(0, kErrorPrefix.size());
    return true;
}

OrderedJson image_block_of(const std::string& url) {
    const auto semicolon = url.find(';');
    const auto comma = url.find(',');
    return {{"type", "image"},
            {"source",
             {{"type", "base64"},
              {"media_type", url.substr(5, semicolon - 5)},
              {"data", url.substr(comma + 1)}}}};
}

}  // namespace tenon::testing::openai
