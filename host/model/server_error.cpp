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

bool is_error_name(std::string_view type) {
    return type == "error" || type.ends_with("_error") || type.ends_with("Error");
}

/// A code is a word or an HTTP status, which may be written as a string.
void take_code(const Json& code, ServerError& found) {
    const std::string* text = string_in(code);
    const auto number = integer_in(text != nullptr ? json_or_null(*text) : code);
    if (number && *number >= 400 && *number < 600) {
        found.status = static_cast<int>(*number);
    } else if (text != nullptr && !text->empty()) {
        found.code = excerpt(*text, kMaxName);
    }
}

/// What the server behind a gateway has said.
std::string behind_gateway(const Json& error) {
    const Json& metadata = member(error, "metadata");
    const std::string raw = string_or(metadata, "raw");
    if (raw.empty()) return {};
    const std::string name = name_in(metadata, "provider_name");
    return " (" + (name.empty() ? "" : name + ": ") + excerpt(raw) + ")";
}

/// "body.messages.0: field required" of one entry.
std::string text_of_entry(const Json& entry) {
    std::string where;
    const Json& path = member(entry, "loc");
    if (path.is_array()) {
        for (const Json& step : path) {
            const std::string* name = string_in(step);
            where += (where.empty() ? "" : ".") + (name != nullptr ? *name : dump_json(step));
        }
    }
    const std::string what = string_or(entry, "msg", string_or(entry, "message"));
    return where.empty() ? what : where + ": " + what;
}

std::string text_of_detail(const Json& detail) {
    if (const std::string* text = string_in(detail)) return *text;
    if (detail.is_object()) {
        const auto inner = find_error(detail);
        return inner ? inner->message : text_of_entry(detail);
    }
    std::string all;
    if (!detail.is_array()) return all;
    for (const Json& entry : detail)
        all += (all.empty() ? "" : "; ") + text_of_entry(entry);
    return all;
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

std::optional<ServerError> find_error(const Json& body) {
    if (body.is_array()) return body.size() == 1 ? find_error(element(body, 0)) : std::nullopt;
    if (!body.is_object()) return std::nullopt;
    ServerError found;
    found.request_id = name_in(body, "request_id");
    const Json& error = member(body, "error");
    if (error.is_object()) {
        found.type = name_in(error, "type");
        found.message = message_or_none(string_or(error, "message")) + behind_gateway(error);
        take_code(member(error, "code"), found);
    } else if (const std::string* text = string_in(error)) {
        found.message = message_or_none(*text);
        take_code(member(body, "code"), found);
    } else if (is_error_name(string_or(body, "type")) || string_or(body, "object") == "error") {
        const std::string type = name_in(body, "type");
        found.type = type == "error" ? "" : type;
        found.message = message_or_none(string_or(body, "message"));
        take_code(member(body, "code"), found);
    } else if (const std::string detail = text_of_detail(member(body, "detail")); !detail.empty()) {
        found.message = excerpt(detail, kMaxMessage);
    } else {
        return std::nullopt;
    }
    return found;
}

bool is_passing_status(int status) {
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

bool is_passing_error(const ServerError& error) {
    constexpr std::array<std::string_view, 25> kLasting = {"invalid_request_error",
                                                           "authentication_error",
                                                           "billing_error",
                                                           "permission_error",
                                                           "not_found_error",
                                                           "request_too_large",
                                                           "insufficient_quota",
                                                           "billing_hard_limit_reached",
                                                           "invalid_api_key",
                                                           "model_not_found",
                                                           "context_length_exceeded",
                                                           "exceed_context_size_error",
                                                           "not_supported_error",
                                                           "BadRequestError",
                                                           "NotFoundError",
                                                           "AuthenticationError",
                                                           "PermissionDeniedError",
                                                           "UnprocessableEntityError",
                                                           "invalid_prompt",
                                                           "bio_policy",
                                                           "data_residency_mismatch",
                                                           "content_filter",
                                                           "content_policy_violation",
                                                           "ResponsibleAIPolicyViolation",
                                                           "moderation_blocked"};
    const auto is_lasting = [&](std::string_view word) {
        // invalid_image, image_too_large and more: codes of a response that failed.
        return word.find("image") != word.npos ||
               std::find(kLasting.begin(), kLasting.end(), word) != kLasting.end();
    };
    if (is_lasting(error.type) || is_lasting(error.code) || is_template_error(error.message))
        return false;
    return error.status == 0 || is_passing_status(error.status);
}

bool is_template_error(std::string_view text) {
    constexpr std::array<std::string_view, 8> kWords = {"jinja",
                                                        "chat template",
                                                        "chat_template",
                                                        "templateerror",
                                                        "roles must alternate",
                                                        "cannot use tools with stream",
                                                        "raise_exception",
                                                        "cannot pass both content and thinking"};
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return std::any_of(kWords.begin(), kWords.end(),
                       [&](std::string_view word) { return lower.find(word) != lower.npos; });
}

}  // namespace tenon::model
