#include "host/model/response_failure.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Timestamp.h>

#include "host/model/event_data.h"
#include "host/model/overflow.h"
#include "host/model/server_error.h"

namespace tenon::model {
namespace {

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

/// The account, not the rate: the request will not pass later.
bool is_spend_limit(const Json& error, const std::optional<ServerError>& found) {
    const std::string code = string_or(member(error, "details"), "error_code");
    const auto is_quota = [](std::string_view word) {
        return word == "insufficient_quota" || word == "billing_hard_limit_reached";
    };
    return code == "contract_spend_limit_reached" || code == "enforced_spend_limit_reached" ||
           (found && (is_quota(found->code) || is_quota(found->type)));
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
    if (found) {
        failure.type = found->type.empty() ? found->code : found->type;
        failure.request_id = found->request_id;
        if (!failure.type.empty()) failure.message += " " + failure.type;
        failure.message += ": " + found->message;
    } else {
        failure.message += ": " + excerpt(body);
    }
    const bool is_success = head.status / 100 == 2;
    if (is_success && !found) failure.message += " (not a stream of events)";
    if (const auto location = head.field("location"); !location.empty()) {
        failure.message += " (redirects are not followed: " + excerpt(location) + ")";
    }
    const auto verdict = head.field("x-should-retry");
    const bool is_passing =
        is_success ? found && is_passing_error(*found) : is_passing_status(head.status);
    const bool is_lasting =
        is_spend_limit(error, found) || (head.status >= 500 && is_template_error(body));
    failure.unavailable = is_passing && !is_lasting;
    // Its verdict is about another attempt at the same server.
    failure.retryable = !is_lasting && (verdict == "true" || (is_passing && verdict != "false"));
    judge_length(failure, body);
    return failure;
}

}  // namespace tenon::model
