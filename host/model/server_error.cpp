#include "host/model/server_error.h"

#include <algorithm>
#include <array>
#include <span>

#include <Poco/String.h>

#include "host/base/utf8.h"

namespace tenon::model {
namespace {

constexpr std::size_t kMaxMessage = 1000;
constexpr std::size_t kMaxName = 200;
constexpr std::string_view kC1Controls = "\xC2";  // the first byte of U+0080 to U+00BF

std::string name_in(const Json& object, const char* key) {
    const std::string text = string_or(object, key);
    return text.empty() ? text : excerpt(text, kMaxName);
}

bool is_error_name(std::string_view type) {
    return type == "error" || type.ends_with("_error") || type.ends_with("Error");
}

/// False: the value is no HTTP status of an error.
bool take_status(const std::optional<std::int64_t>& number, ServerError& found) {
    if (!number || *number < 400 || *number >= 600) return false;
    found.status = static_cast<int>(*number);
    return true;
}

void take_stated_status(const Json& object, ServerError& found) {
    for (const char* key : {"status", "statusCode", "status_code"})
        if (take_status(integer_in(member(object, key)), found)) return;
}

/// A code is a word or an HTTP status, which may be written as a string.
void take_code(const Json& code, ServerError& found) {
    const std::string* text = string_in(code);
    if (take_status(integer_in(text != nullptr ? json_or_null(*text) : code), found)) return;
    if (text != nullptr && !text->empty()) found.code = excerpt(*text, kMaxName);
}

/// An error of Azure has a more exact code, and at times its only message, inside.
void take_inner(const Json& error, ServerError& found, std::string& message) {
    const Json* inner = &member(error, "innererror");
    for (int depth = 0; depth < 4 && inner->is_object(); ++depth) {
        if (message.empty()) message = string_or(*inner, "message");
        take_code(member(*inner, "code"), found);
        inner = &member(*inner, "innererror");
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

/// The words of an error that has them in another place than its "message"; empty: none were found.
std::string words_in(const Json& value, int depth = 0) {
    constexpr int kDeepest = 8;
    constexpr std::array kPlaces = {"message", "error",  "errors",      "detail",
                                    "details", "reason", "description", "title"};
    if (const std::string* text = string_in(value)) return *text;
    std::string words;
    if (depth == kDeepest) return words;
    if (value.is_array()) {
        for (auto entry = value.begin(); words.empty() && entry != value.end(); ++entry)
            words = words_in(*entry, depth + 1);
    } else if (value.is_object()) {
        words = text_of_entry(value);
        for (auto key = kPlaces.begin(); words.empty() && key != kPlaces.end(); ++key)
            words = words_in(member(value, *key), depth + 1);
    }
    return words;
}

/// Whether an error holds more than its kind.
bool says_more(const Json& error) {
    constexpr std::array<std::string_view, 9> kKind = {"type",   "object",     "code",
                                                       "status", "statusCode", "status_code",
                                                       "param",  "request_id", "sequence_number"};
    for (const auto& [key, value] : error.items()) {
        const std::string* text = string_in(value);
        const bool is_empty = text != nullptr ? text->empty() : value.empty();
        if (!is_empty && std::find(kKind.begin(), kKind.end(), key) == kKind.end()) return true;
    }
    return false;
}

/// `message`: what the error says in its usual place, or nothing.
std::string message_of(const Json& error, std::string message) {
    if (message.empty()) message = words_in(error);
    if (!message.empty()) return excerpt(message, kMaxMessage);
    return says_more(error) ? excerpt(dump_json(error)) : "(no message)";
}

bool is_bare_message(const Json& body) {
    const auto has = [&](const char* key) { return !member(body, key).is_null(); };
    return !string_or(body, "message").empty() && !has("type") && !has("object") &&
           !has("choices") && !has("error");
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

/// The error is a text, which may be the kind of the error with the message beside it.
std::string text_of_plain_error(const std::string& error, const Json& body) {
    for (const std::string& more :
         {words_in(member(body, "message")), string_or(body, "error_description"),
          text_of_detail(member(body, "detail"))}) {
        if (!more.empty() && more != error) return error + ": " + more;
    }
    return error;
}

/// In any letters.
bool has_word_of(std::string_view text, std::span<const std::string_view> words) {
    const std::string lower = Poco::toLower(std::string(text));
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return lower.find(word) != lower.npos; });
}

/// Whether the words follow each other, with anything between them.
bool has_in_order(std::string_view text, std::span<const std::string_view> words) {
    std::size_t at = 0;
    for (const std::string_view word : words) {
        at = text.find(word, at);
        if (at == text.npos) return false;
        at += word.size();
    }
    return true;
}

/// Whether the name of an error says that the request may succeed later.
bool is_passing_name(std::string_view name) {
    constexpr std::array<std::string_view, 7> kWords = {
        "overloaded", "rate_limit", "ratelimit", "server", "api_error", "timeout", "unavailable"};
    return has_word_of(name, kWords);
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
    take_stated_status(body, found);
    const Json& error = member(body, "error");
    const std::string* text = string_in(error);
    if (error.is_object()) {
        found.type = name_in(error, "type");
        take_stated_status(error, found);
        take_code(member(error, "code"), found);
        std::string message = string_or(error, "message");
        take_inner(error, found, message);
        found.message = message_of(error, message) + behind_gateway(error);
    } else if (text != nullptr && !text->empty()) {
        found.message = excerpt(text_of_plain_error(*text, body), kMaxMessage);
        take_code(member(body, "code"), found);
    } else if (is_error_name(string_or(body, "type")) || string_or(body, "object") == "error") {
        const std::string type = name_in(body, "type");
        found.type = type == "error" ? "" : type;
        found.message = message_of(body, string_or(body, "message"));
        take_code(member(body, "code"), found);
    } else if (is_bare_message(body)) {
        found.message = excerpt(string_or(body, "message"), kMaxMessage);
        take_code(member(body, "code"), found);
    } else if (const std::string detail = text_of_detail(member(body, "detail")); !detail.empty()) {
        found.message = excerpt(detail, kMaxMessage);
    } else {
        return std::nullopt;
    }
    return found;
}

std::optional<ServerError> find_error_in_event(std::string_view name, const Json& data) {
    const bool is_named = !name.empty() && name != "message" && name != "error";
    return is_named && is_bare_message(data) ? std::nullopt : find_error(data);
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
    if (error.status != 0) return is_passing_status(error.status);
    return is_passing_name(error.type) || is_passing_name(error.code) ||
           !is_lasting_text(error.type + " " + error.code + " " + error.message);
}

bool is_lasting_text(std::string_view text) {
    // Messages about what passes have the words below too.
    constexpr std::array<std::string_view, 21> kPassing = {
        "try again",        "retry",      "temporar",  "overload", "busy",        "rate limit",
        "too many",         "per minute", "timed out", "timeout",  "unavailable", "capacity",
        "loading",          "not ready",  "internal",  "connect",  "bad gateway", "response from",
        "invalid response", "generated",  "produced"};
    constexpr std::array<std::string_view, 37> kLasting = {
        "not found",     "not exist",       "doesn't exist", "no such model", "unknown model",
        "unknown param", "unknown field",   "unrecognized",  "invalid",       "not valid",
        "incorrect",     "malformed",       "unauthori",     "not authori",   "authenticat",
        "forbidden",     "permission",      "permitted",     "access denied", "not allowed",
        "api key",       "apikey",          "unsupported",   "not support",   "doesn't support",
        "n't supported", "not implemented", "not enabled",   "disabled",      "deprecated",
        "quota",         "credit",          "billing",       "payment",       "bad request",
        "must be",       "required"};
    std::string words(text);
    std::replace(words.begin(), words.end(), '_', ' ');
    return has_word_of(words, kLasting) && !has_word_of(words, kPassing);
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
    // llama.cpp: where in the template it happened, and a piece of the template.
    using Places = std::array<std::string_view, 3>;
    constexpr std::array kPlaces = {Places{"while executing ", " at line ", " in source"},
                                    Places{" at row ", ", column ", "{%"},
                                    Places{" at row ", ", column ", "{{"}};
    const std::string lower = Poco::toLower(std::string(text));
    return has_word_of(lower, kWords) ||
           std::any_of(kPlaces.begin(), kPlaces.end(),
                       [&](const Places& places) { return has_in_order(lower, places); });
}

}  // namespace tenon::model
