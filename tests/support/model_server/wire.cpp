#include "tests/support/model_server/wire.h"

#include <algorithm>
#include <cctype>

#include "host/base/utf8.h"

namespace tenon::testing {
namespace {

void refuse_members(const Json& value, const std::set<std::string>& unknown) {
    if (!value.is_structured()) return;
    for (const auto& [key, inner] : value.items()) {
        if (value.is_object() && unknown.count(key) > 0)
            throw RefusedRequest{400, key + ": Extra inputs are not permitted", "unknown_parameter",
                                 key};
        refuse_members(inner, unknown);
    }
}

void check_common(const Json& request, const EndpointRules& rules) {
    if (!rules.unknown_members.empty()) refuse_members(request, rules.unknown_members);
    const std::string model = string_or(request, "model");
    if (!rules.models.empty() && rules.models.count(model) == 0)
        throw RefusedRequest{404, "The model `" + model + "` does not exist", "model_not_found",
                             "model"};
}

}  // namespace

const ServerWire* wire_of_path(std::string_view path) {
    for (const ServerWire* wire : {&messages_wire(), &chat_wire(), &responses_wire()}) {
        if (path.ends_with("/v1" + std::string(wire->path()))) return wire;
    }
    return nullptr;
}

std::string field_of(const Fields& fields, const char* name) {
    const auto it = fields.find(name);
    return it == fields.end() ? std::string() : it->second;
}

std::optional<RefusedRequest> check_key(const Fields& fields, const EndpointRules& rules) {
    std::string key = field_of(fields, "x-api-key");
    const std::string bearer = field_of(fields, "authorization");
    if (key.empty() && bearer.starts_with("Bearer ")) key = bearer.substr(7);
    if (!rules.needs_key)
        return key.empty() ? std::nullopt
                           : std::optional(RefusedRequest{400, "a key was sent to this server"});
    if (key.empty()) return RefusedRequest{401, "x-api-key header is required"};
    if (!rules.api_key.empty() && key != rules.api_key)
        return RefusedRequest{401, "invalid x-api-key", "invalid_api_key"};
    return std::nullopt;
}

Json parse_request(const std::string& body, const EndpointRules& rules) {
    if (body.size() > rules.max_body) throw RefusedRequest{413, "Request exceeds the maximum size"};
    if (!utf8::is_valid(body)) throw RefusedRequest{400, "The request body is not valid UTF-8"};
    auto request = parse_json(body);
    if (!request) {
        throw RefusedRequest{400, "The request body is not valid JSON: " + request.error().message};
    }
    return std::move(*request);
}

void check_request(const ServerWire& wire, const Json& request, const EndpointRules& rules) {
    wire.check(request, rules);
    check_common(request, rules);
}

std::optional<RefusedRequest> check_body(const ServerWire& wire, const std::string& body,
                                         const EndpointRules& rules) {
    try {
        check_request(wire, parse_request(body, rules), rules);
    } catch (const RefusedRequest& refusal) {
        return refusal;
    }
    return std::nullopt;
}

std::vector<std::string> pieces_of(std::string_view text, std::size_t characters) {
    std::vector<std::string> pieces;
    while (!text.empty()) {
        const auto piece = utf8::first(text, characters);
        pieces.emplace_back(piece);
        text.remove_prefix(piece.size());
    }
    return pieces;
}

bool is_plain_name(const std::string& text, std::size_t longest) {
    return !text.empty() && text.size() <= longest &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
           });
}

std::string hex_of(std::uint64_t value) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

void sign_blocks(OrderedJson& content, std::uint64_t prefix) {
    int number = 0;
    for (OrderedJson& block : content) {
        const std::string type = string_or(block, "type");
        if (type == "thinking" && !block.contains("signature"))
            block["signature"] = "sig_" + hex_of(prefix) + "_" + std::to_string(number);
        if (type == "thinking" || type == "redacted_thinking") ++number;
    }
}

std::vector<Json> thinking_to_come_back(const OrderedJson& content) {
    std::vector<Json> thinking;
    std::size_t to_come_back = 0;
    for (const OrderedJson& block : content) {
        const std::string type = string_or(block, "type");
        if (type == "thinking" || type == "redacted_thinking") {
            thinking.push_back(Json::parse(block.dump()));
        } else if (type != "text" ||
                   string_or(block, "text").find_first_not_of(" \t\r\n") != std::string::npos) {
            to_come_back = thinking.size();
        }
    }
    thinking.resize(to_come_back);
    return thinking;
}

std::string arguments_of(const OrderedJson& call) {
    const auto input = call.find("input");
    return input == call.end() ? "{}" : input->dump();
}

}  // namespace tenon::testing
