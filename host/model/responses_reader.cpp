#include "host/model/responses_reader.h"

#include <algorithm>
#include <array>

#include "host/agent/wire.h"
#include "host/model/server_error.h"

namespace tenon::model {
namespace {

bool is_end(std::string_view type) {
    constexpr std::array<std::string_view, 4> kEnds = {"response.completed", "response.incomplete",
                                                       "response.failed", "response.cancelled"};
    return std::find(kEnds.begin(), kEnds.end(), type) != kEnds.end();
}

/// Why a response is incomplete, in the words of the Messages API; empty: it is not known.
std::string_view stop_reason_of(std::string_view reason) {
    if (reason == "max_output_tokens" || reason == "max_tokens" || reason == "length")
        return "max_tokens";
    return reason == "content_filter" ? "refusal" : "";
}

}  // namespace

void ResponsesReader::take(const SseEvent& event) {
    if (over() || event.data == "[DONE]") return;
    received_ += event.data.size();
    if (received_ > kMaxAnswerBytes) return fail_malformed(std::string(kTooLong));
    if (is_keep_alive(event)) return;
    const auto data = event_data_.parse(event.data);
    if (event.name == "error" && (!data || !data->is_object()))
        return take_error(data ? *data : Json(), event.data);
    if (!data) return fail_malformed(malformed_event(data.error().message));
    if (!data->is_object()) return fail_malformed(malformed_event("not a JSON object"));
    // Some servers leave out the event's name, others its type.
    dispatch(string_or(*data, "type", std::string(event.name)), *data, event.data);
}

bool ResponsesReader::take_whole(std::string_view body) {
    const auto response = parse_event_data(body);
    if (!response || !member(*response, "output").is_array()) return false;
    take_end("", *response, body);
    return true;
}

void ResponsesReader::dispatch(std::string_view type, const Json& data, std::string_view raw) {
    if (is_end(type)) {
        const Json& response = member(data, "response");
        if (!response.is_object()) return fail_malformed(std::string(type) + " has no response");
        take_end(type, response, agent::raw_member(raw, "response"));
    } else if (type.starts_with("response.")) {
        take_response(member(data, "response"));
        items_.take(type, data, raw, event_data_.take_lost());
        if (!items_.malformed().empty()) fail_malformed(items_.malformed());
    } else if (type == "error" || find_error_in_event(type, data)) {
        take_error(data, raw);
    }
}

void ResponsesReader::take_response(const Json& response) {
    if (!response.is_object()) return;
    answer_.identify(member(response, "id"), member(response, "model"));
    answer_.usage(member(response, "usage"));
}

/// `type`: of the event with the whole response; empty: it came without an event.
void ResponsesReader::take_end(std::string_view type, const Json& response, std::string_view raw) {
    take_response(response);
    const std::string status = string_or(response, "status", "completed");
    const Json& error = member(response, "error");
    const bool failed = type == "response.failed" || status == "failed";
    if (failed || (error.is_object() && !error.empty())) return take_error(response, raw);
    if (type == "response.cancelled" || status == "cancelled") {
        failure_ = broken_answer("the server has cancelled the response");
        return;
    }
    if (type.empty() && (status == "in_progress" || status == "queued")) {
        failure_ = broken_answer("the response is not complete (status: " + excerpt(status) + ")");
        return;
    }
    if (type == "response.incomplete" || status == "incomplete") {
        const std::string why = string_or(member(response, "incomplete_details"), "reason");
        const std::string_view reason = stop_reason_of(why);
        if (reason.empty()) {
            failure_ = broken_answer("the response is incomplete: " +
                                     (why.empty() ? "no reason" : excerpt(why)));
            return;
        }
        answer_.stop_reason(std::string(reason));
    }
    items_.take_output(member(response, "output"), agent::raw_member(raw, "output"));
    if (!items_.malformed().empty()) return fail_malformed(items_.malformed());
    complete_ = true;
}

/// `data`: an event with an error, or a response that has failed.
void ResponsesReader::take_error(const Json& data, std::string_view raw) {
    const auto found = find_error(data);
    failure_ = failed_answer(found ? *found : ServerError{"", excerpt(raw), ""}, raw);
}

Result<agent::Answer, agent::ModelFailure> ResponsesReader::finish(bool /*clean_end*/) {
    if (!complete_ && !failure_) {
        failure_ =
            broken_answer("the answer was cut off: the stream ended before response.completed");
    }
    if (failure_) return *failure_;
    items_.finish();
    if (answer_.stop_reason().empty()) {
        answer_.stop_reason(items_.has_calls()     ? "tool_use"
                            : items_.has_refusal() ? "refusal"
                                                   : "end_turn");
    }
    return answer_.finish();
}

}  // namespace tenon::model
