#include "host/model/anthropic.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <system_error>

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/String.h>
#include <Poco/Timestamp.h>

#include "host/base/limits.h"
#include "host/model/answer_stream.h"
#include "host/model/event_data.h"
#include "host/model/overflow.h"
#include "host/model/request_body.h"
#include "host/model/server_error.h"
#include "host/model/sse.h"
#include "host/model/url.h"

namespace tenon::model {
namespace {

constexpr std::string_view kOwnHost = "api.anthropic.com";
constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10U;

bool is_header_value(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') return false;
    }
    return true;
}

/// Whether a response is a stream of events. Some servers declare JSON as a stream, or declare no
/// type. Then the first byte decides, since no line of a stream begins with a brace.
class StreamTest {
public:
    bool operator()(const HttpHead& head, std::string_view bytes) {
        if (head.status != 200 || !is_declared_stream(head)) return false;
        if (!first_byte_) {
            const auto at = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");  // a BOM too
            if (at != bytes.npos) first_byte_ = bytes[at];
        }
        return first_byte_ != '{';
    }

private:
    static bool is_declared_stream(const HttpHead& head) {
        const std::string type =
            Poco::toLower(Poco::trimLeft(std::string(head.field("content-type"))));
        return type.empty() || type.starts_with("text/event-stream");
    }

    std::optional<char> first_byte_;
};

using std::chrono::milliseconds;

constexpr double kLongestWaitMs = 7 * 24 * 3600 * 1000.0;

std::optional<double> decimal(std::string_view text) {
    const std::string owned(text);
    char* end = nullptr;
    const double value = std::strtod(owned.c_str(), &end);
    if (owned.empty() || end != owned.c_str() + owned.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

milliseconds bounded(double ms) {
    return milliseconds(static_cast<std::int64_t>(std::clamp(ms, 0.0, kLongestWaitMs)));
}

std::optional<milliseconds> until_date(std::string_view text) {
    Poco::DateTime when;
    int zone = 0;
    const std::string owned(text);
    // Poco's parser takes any text for a date, filling in what is missing.
    if (owned.size() < 25 || !owned.ends_with(" GMT")) return std::nullopt;
    if (!Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::HTTP_FORMAT, owned, when, zone)) {
        return std::nullopt;
    }
    return bounded(static_cast<double>(when.timestamp() - Poco::Timestamp()) / 1000.0);
}

std::optional<milliseconds> retry_after(const HttpHead& head) {
    if (const auto ms = decimal(head.field("retry-after-ms"))) return bounded(*ms);
    const auto value = head.field("retry-after");
    if (const auto seconds = decimal(value)) return bounded(*seconds * 1000.0);
    return value.empty() ? std::nullopt : until_date(value);
}

bool is_passing_status(int status) {
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

bool is_spend_limit(const Json& error) {
    const std::string code = string_or(member(error, "details"), "error_code");
    return code == "contract_spend_limit_reached" || code == "enforced_spend_limit_reached";
}

}  // namespace

agent::ModelFailure failure_of_response(const HttpHead& head, std::string_view body) {
    agent::ModelFailure failure;
    failure.http_status = head.status;
    failure.retry_after = retry_after(head);
    failure.message = "HTTP " + std::to_string(head.status);
    const Json parsed = parse_event_data(body).value_or(Json());
    const Json& error = member(parsed, "error");
    const auto found = find_error(parsed);
    if (found && !error.is_string()) {
        failure.type = found->type;
        failure.request_id = found->request_id;
        if (!failure.type.empty()) failure.message += " " + failure.type;
        failure.message += ": " + found->message;
    } else {
        failure.message += ": " + excerpt(body);
    }
    if (head.status == 200) failure.message += " (not a stream of events)";
    if (const auto location = head.field("location"); !location.empty()) {
        failure.message += " (redirects are not followed: " + excerpt(location) + ")";
    }
    const auto verdict = head.field("x-should-retry");
    failure.retryable = verdict == "true"    ? true
                        : verdict == "false" ? false
                        : head.status == 200 ? found && is_passing_error(failure.type)
                                             : is_passing_status(head.status);
    if (is_spend_limit(error)) failure.retryable = false;
    judge_length(failure, body);
    return failure;
}

Anthropic::Anthropic(AnthropicConfig config, std::unique_ptr<HttpClient> http)
    : config_(std::move(config)), http_(std::move(http)) {
    // A base URL that already ends in the API's first path segment is a common mistake.
    base_path_ = http_->shown("").ends_with("/v1") ? "" : "/v1";
}

std::string anthropics_own_url() {
    return "https://" + std::string(kOwnHost);
}

bool is_anthropics_own(std::string_view base_url) {
    if (base_url.empty()) return true;
    const auto url = parse_url(base_url, "base URL");
    return url && Poco::toLower(url->host) == kOwnHost;
}

Result<std::unique_ptr<Anthropic>> Anthropic::create(AnthropicConfig config) {
    if (config.api_key.empty() && is_anthropics_own(config.http.base_url))
        return Error{"no API key"};
    if (!is_header_value(config.api_key)) return Error{"the API key has control characters"};
    if (config.api_version.empty() || !is_header_value(config.api_version)) {
        return Error{"the API version is empty or has control characters"};
    }
    if (config.http.base_url.empty()) config.http.base_url = anthropics_own_url();
    auto http = HttpClient::create(config.http);
    if (!http) return http.error();
    return std::unique_ptr<Anthropic>(new Anthropic(std::move(config), std::move(*http)));
}

HttpFields Anthropic::common_fields() const {
    HttpFields fields = {{"anthropic-version", config_.api_version},
                         {"user-agent", "tenon/" TENON_VERSION}};
    if (!config_.api_key.empty()) fields.emplace_back("x-api-key", config_.api_key);
    return fields;
}

Result<HttpHead, HttpFailure> Anthropic::ask_for_models(const OnBody& on_body,
                                                        std::stop_token stop) {
    return http_->get(base_path_ + "/models", common_fields(), on_body, std::move(stop));
}

Result<agent::Answer, agent::ModelFailure> Anthropic::ask(const agent::Request& request,
                                                          agent::EventSink& sink,
                                                          std::stop_token stop) {
    const RequestBody body(request);
    HttpPost post;
    post.path = base_path_ + "/messages";
    post.fields = common_fields();
    post.fields.emplace_back("content-type", "application/json");
    post.fields.emplace_back("accept", "text/event-stream");
    post.body = body.pieces();

    SseParser parser;
    StreamTest is_event_stream;
    AnswerStream stream(sink, request.call_ids);
    std::string error_body;
    std::optional<Error> garbled;
    const auto on_body = [&](const HttpHead& head, std::string_view bytes) {
        if (!is_event_stream(head, bytes)) {
            error_body.append(bytes.substr(0, kMaxErrorBody - error_body.size()));
            return error_body.size() < kMaxErrorBody;
        }
        const auto fed = parser.feed(bytes, [&](const SseEvent& event) {
            http_->progress();
            stream.take(event);
        });
        if (!fed) garbled = fed.error();
        return fed.ok() && !stream.over();
    };

    const std::string doing = http_->doing("POST", post.path);
    agent::ModelFailure failure;
    Result<HttpHead, HttpFailure> response = HttpFailure{};
    try {
        response = http_->post(post, on_body, stop);
    } catch (const std::system_error& e) {  // no thread can be started; not a fault of the server
        failure.message = shortage_error(doing + "start a thread", e.code().value()).message;
        return failure;
    }
    if (!response) {
        failure.message = response.error().message;
        failure.stopped = response.error().stopped;
        failure.retryable = !failure.stopped && !response.error().permanent;
        failure.contact = response.error().contact;
        if (response.error().malformed) failure.malformed = failure.message;
        return failure;
    }
    if (!is_event_stream(*response, {})) {
        failure = failure_of_response(*response, error_body);
    } else if (garbled) {
        failure.message = garbled->message;
        failure.malformed = garbled->message;
        failure.http_status = response->status;
        failure.retryable = true;
    } else {
        auto answer = stream.finish(response->whole);
        if (answer) return answer;
        failure = answer.error();
    }
    if (failure.request_id.empty()) {
        const auto id = response->field("request-id");
        if (!id.empty()) failure.request_id = excerpt(id, 200);
    }
    failure.message.insert(0, doing);
    if (!failure.request_id.empty()) failure.message += " (request-id " + failure.request_id + ")";
    return failure;
}

}  // namespace tenon::model
