#include "host/model/answer_stream.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "host/base/utf8.h"

namespace tenon::model {
namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{256} << 20U;

/// The value of the four hex digits of a \u escape at `at` (where the backslash is), or -1.
int escape_at(std::string_view text, std::size_t at) {
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
    int value = -1;
    const char* digits = text.data() + at + 2;
    const auto [end, error] = std::from_chars(digits, digits + 4, value, 16);
    return error == std::errc{} && end == digits + 4 ? value : -1;
}

/// Replaces \u escapes of surrogates that have no partner by \ufffd.
std::string mend_surrogates(std::string text) {
    for (std::size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at)) {
        const int unit = escape_at(text, at);
        const bool high = unit >= 0xD800 && unit <= 0xDBFF;
        const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
        const int next = high ? escape_at(text, at + 6) : -1;
        if (high && next >= 0xDC00 && next <= 0xDFFF) {
            at += 12;
        } else {
            if (high || low) text.replace(at, 6, "\\ufffd");
            at += unit >= 0 ? 6 : 2;
        }
    }
    return text;
}

}  // namespace

Result<Json> parse_event_data(std::string_view data) {
    auto parsed = parse_json(data);
    if (parsed) return parsed;
    auto mended = parse_json(mend_surrogates(utf8::repair(data)));
    if (mended) return mended;
    return parsed;
}

bool is_passing_error(std::string_view type) {
    constexpr std::array<std::string_view, 6> kLasting = {
        "invalid_request_error", "authentication_error", "billing_error",
        "permission_error",      "not_found_error",      "request_too_large"};
    return std::find(kLasting.begin(), kLasting.end(), type) == kLasting.end();
}

void AnswerStream::fail(std::string why) {
    agent::ModelFailure failure;
    failure.message = std::move(why);
    failure.http_status = 200;
    failure.retryable = true;
    failure_ = std::move(failure);
}

void AnswerStream::take(const SseEvent& event) {
    if (over()) return;
    received_ += event.data.size();
    if (received_ > kMaxAnswerBytes) return fail("the answer is too long");
    const auto data = parse_event_data(event.data);
    if (!data) return fail("malformed event in the answer: " + data.error().message);
    if (!data->is_object()) return fail("malformed event in the answer: not a JSON object");
    // The type in the data; gateways have been seen to leave out the event's name.
    dispatch(string_or(*data, "type", std::string(event.name)), *data, event.data);
}

void AnswerStream::dispatch(const std::string& type, const Json& data, std::string_view raw) {
    if (type == "error") return take_error(data);
    if (type == "message_start") {
        if (started_) return fail("a second message_start in the answer");
        return start_message(member(data, "message"));
    }
    const bool part = type == "content_block_start" || type == "content_block_delta" ||
                      type == "content_block_stop" || type == "message_delta" ||
                      type == "message_stop";
    if (!part) return;
    if (!started_) return fail("the answer begins with " + type + " instead of message_start");
    if (type == "content_block_start") {
        start_block(data, raw);
    } else if (type == "content_block_delta") {
        take_delta(data, raw);
    } else if (type == "content_block_stop") {
        stop_block();
    } else if (type == "message_delta") {
        answer_.stop_reason =
            string_or(member(data, "delta"), "stop_reason", answer_.stop_reason);
        take_usage(data);
    } else if (open_) {
        fail("the answer ends inside a content block");
    } else if (answer_.stop_reason.empty()) {
        fail("the answer ends without a stop_reason");
    } else {
        complete_ = true;
    }
}

void AnswerStream::start_message(const Json& message) {
    started_ = true;
    answer_.id = string_or(message, "id");
    answer_.model = string_or(message, "model");
    take_usage(message);
}

/// Figures are running totals, and null where there is nothing to say.
void AnswerStream::take_usage(const Json& holder) {
    const Json& usage = member(holder, "usage");
    agent::Usage& u = answer_.usage;
    u.input_tokens = integer_or(usage, "input_tokens", u.input_tokens);
    u.output_tokens = integer_or(usage, "output_tokens", u.output_tokens);
    u.cache_read_input_tokens =
        integer_or(usage, "cache_read_input_tokens", u.cache_read_input_tokens);
    u.cache_creation_input_tokens =
        integer_or(usage, "cache_creation_input_tokens", u.cache_creation_input_tokens);
}

void AnswerStream::start_block(const Json& data, std::string_view raw) {
    if (open_) return fail("a content block begins inside another");
    const Json& begun = member(data, "content_block");
    if (!begun.is_object()) return fail("content_block_start without a content_block");
    OpenBlock block;
    // Once more, keeping the order of its fields. Mended text has its own, sorted.
    if (const auto ordered = parse_ordered_json(raw)) {
        block.fields = member(*ordered, "content_block");
    } else {
        block.fields = parse_ordered_json(dump_json(begun)).value_or(OrderedJson::object());
    }
    const std::string type = string_or(begun, "type");
    block.takes_input = type == "tool_use" || type == "server_tool_use";
    if (type == "text" || type == "thinking") {
        block.text = string_or(begun, type);
        if (!block.text.empty() && type == "text") sink_.on_event(agent::TextDelta{block.text});
        if (!block.text.empty() && type == "thinking") {
            sink_.on_event(agent::ThinkingDelta{block.text});
        }
    }
    open_ = std::move(block);
}

void AnswerStream::take_delta(const Json& data, std::string_view raw) {
    if (!open_) return fail("content_block_delta outside a content block");
    if (integer_or(data, "index", 0) > static_cast<std::int64_t>(blocks_.size())) {
        return fail("content_block_delta for a block that has not begun");
    }
    const Json& delta = member(data, "delta");
    if (delta.is_null()) return fail("content_block_delta without a delta");
    const std::string type = string_or(delta, "type");
    if (type == "text_delta") {
        std::string text = string_or(delta, "text");
        open_->text += text;
        sink_.on_event(agent::TextDelta{std::move(text)});
    } else if (type == "thinking_delta") {
        std::string text = string_or(delta, "thinking");
        open_->text += text;
        sink_.on_event(agent::ThinkingDelta{std::move(text)});
    } else if (type == "input_json_delta") {
        open_->input += string_or(delta, "partial_json");
        open_->takes_input = true;
    } else if (type == "signature_delta") {
        open_->fields["signature"] = string_or(delta, "signature");
    } else if (type == "citations_delta") {
        OrderedJson& citations = open_->fields["citations"];
        if (!citations.is_array()) citations = OrderedJson::array();
        if (const auto ordered = parse_ordered_json(raw))
            citations.push_back(member(member(*ordered, "delta"), "citation"));
    }
}

void AnswerStream::stop_block() {
    if (!open_) return fail("content_block_stop outside a content block");
    OpenBlock block = std::move(*open_);
    open_.reset();
    const std::string type = string_or(block.fields, "type");
    if (type == "text" || type == "thinking") block.fields[type] = std::move(block.text);
    auto finished =
        finish_block(std::move(block.fields),
                     block.takes_input ? std::optional<std::string>(block.input) : std::nullopt);
    if (!finished) return fail("malformed answer: " + finished.error().message);
    if (finished->call) {
        const bool twice = std::any_of(blocks_.begin(), blocks_.end(), [&](const auto& other) {
            return other.call && other.call->id == finished->call->id;
        });
        if (twice) return fail("malformed answer: two calls with the id " + finished->call->id);
    }
    blocks_.push_back(std::move(*finished));
}

void AnswerStream::take_error(const Json& data) {
    const Json& error = member(data, "error");
    const std::string type = string_or(error, "type", "error");
    fail("the answer broke off: " + type + ": " + string_or(error, "message", "(no message)"));
    failure_->type = type;
    failure_->request_id = string_or(data, "request_id");
    failure_->retryable = is_passing_error(type);
}

Result<agent::Answer, agent::ModelFailure> AnswerStream::finish() {
    if (!complete_ && !failure_)
        fail("the answer was cut off: the stream ended before message_stop");
    if (failure_) return *failure_;
    put_content(answer_, std::move(blocks_));
    return std::move(answer_);
}

}  // namespace tenon::model
