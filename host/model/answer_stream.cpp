#include "host/model/answer_stream.h"

#include <algorithm>

#include "host/agent/repair.h"
#include "host/base/utf8.h"

namespace tenon::model {
namespace {

/// How the other streaming APIs end; some gateways add it here too.
constexpr std::string_view kDone = "[DONE]";

bool is_part_of_an_answer(std::string_view type) {
    return type == "content_block_start" || type == "content_block_delta" ||
           type == "content_block_stop" || type == "message_delta" || type == "message_stop";
}

}  // namespace

void AnswerStream::fail(std::string why) {
    failure_ = broken_answer(std::move(why));
}

void AnswerStream::fail_malformed(std::string how) {
    failure_ = malformed_answer(std::move(how));
}

void AnswerStream::take(const SseEvent& event) {
    if (over() || event.data == kDone) return;
    received_ += event.data.size();
    if (received_ > kMaxAnswerBytes) return fail_malformed(std::string(kTooLong));
    if (is_keep_alive(event)) return;
    const auto data = event_data_.parse(event.data);
    if (!data && event.name == "error")
        return take_error({"", excerpt(event.data), ""}, event.data);
    if (!data) return fail_malformed("malformed event: " + data.error().message);
    if (!data->is_object()) return fail_malformed("malformed event: not a JSON object");
    // The type in the data; gateways have been seen to leave out the event's name.
    dispatch(string_or(*data, "type", std::string(event.name)), *data, event.data);
}

void AnswerStream::dispatch(const std::string& type, const Json& data, std::string_view raw) {
    if (!is_part_of_an_answer(type)) {
        if (const auto error = find_error(data)) return take_error(*error, raw);
        if (type == "error") return take_error({"", excerpt(raw), ""}, raw);
    }
    if (type == "message_start") return start_message(member(data, "message"));
    if (!is_part_of_an_answer(type)) return;
    if (!started_) {
        return fail_malformed("the answer begins with " + type + " instead of message_start");
    }
    if (type == "content_block_start") {
        start_block(data, raw);
    } else if (type == "content_block_delta") {
        take_delta(data, raw);
    } else if (type == "content_block_stop") {
        stop_block();
    } else if (type == "message_delta") {
        answer_.stop_reason = string_or(member(data, "delta"), "stop_reason", answer_.stop_reason);
        answer_.usage = agent::read_usage(member(data, "usage"), answer_.usage);
    } else if (open_) {
        fail_malformed("the answer ends inside a content block");
    } else if (answer_.stop_reason.empty()) {
        fail_malformed("the answer ends without a stop_reason");
    } else {
        complete_ = true;
    }
}

bool AnswerStream::take_whole(std::string_view body) {
    const auto data = parse_event_data(body);
    if (!data || string_or(*data, "type") != "message" || !member(*data, "content").is_array())
        return false;
    start_message(*data);
    for (const Json& block : member(*data, "content")) {
        const Json begin = {{"index", blocks_.size()}, {"content_block", block}};
        start_block(begin, dump_json(begin));
        if (!failure_) stop_block();
        if (failure_) return true;
    }
    answer_.stop_reason = string_or(*data, "stop_reason");
    complete_ = true;
    return true;
}

/// A second message_start is ignored, unless the first block begins again after it.
void AnswerStream::start_message(const Json& message) {
    answer_.usage = agent::read_usage(member(message, "usage"), answer_.usage);
    began_again_ = started_ && (open_ || !blocks_.empty());
    if (started_) return;
    started_ = true;
    answer_.id = utf8::first_bytes(string_or(message, "id"), kMaxNameBytes);
    answer_.model = utf8::first_bytes(string_or(message, "model"), kMaxNameBytes);
}

void AnswerStream::start_block(const Json& data, std::string_view raw) {
    if (began_again_ && integer_or(data, "index", 0) == 0)
        return fail_malformed("the answer began a second time");
    if (open_) return fail_malformed("a content block begins inside another");
    const Json& begun = member(data, "content_block");
    if (!begun.is_object()) return fail_malformed("content_block_start without a content_block");
    // The text of a block is counted when it is taken.
    const std::size_t text = string_or(begun, "text").size() + string_or(begun, "thinking").size();
    if (!take_bytes(raw.size() - std::min(text, raw.size()))) return;
    if (!values_.take(raw)) return fail_malformed(std::string(kTooLong));
    open_ = OpenBlock{};
    open_->type = string_or(begun, "type");
    open_->takes_input = open_->type == "tool_use" || open_->type == "server_tool_use";
    // Parsed again to keep the order of the fields. Repaired text loses it.
    if (const auto ordered = parse_ordered_json(raw)) {
        open_->fields = member(*ordered, "content_block");
    } else {
        open_->fields = parse_ordered_json(dump_json(begun)).value_or(OrderedJson::object());
    }
    if (open_->type == "text") take_text(string_or(begun, "text"));
    if (open_->type == "thinking") take_thinking(string_or(begun, "thinking"));
}

void AnswerStream::take_delta(const Json& data, std::string_view raw) {
    if (!open_) return fail_malformed("content_block_delta outside a content block");
    if (integer_or(data, "index", 0) > static_cast<std::int64_t>(blocks_.size())) {
        return fail_malformed("content_block_delta for a block that has not begun");
    }
    const Json& delta = member(data, "delta");
    if (delta.is_null()) return fail_malformed("content_block_delta without a delta");
    const std::string type = string_or(delta, "type");
    if (type == "text_delta") {
        take_text(event_data_.take_lost() + string_or(delta, "text"));
    } else if (type == "thinking_delta") {
        take_thinking(event_data_.take_lost() + string_or(delta, "thinking"));
    } else if (type == "input_json_delta") {
        take_input(event_data_.take_lost() + string_or(delta, "partial_json"));
    } else if (type == "signature_delta" && open_->type == "thinking") {
        open_->fields["signature"] = string_or(delta, "signature");
    } else if (type == "citations_delta" && open_->type == "text") {
        const auto ordered = parse_ordered_json(raw);
        if (!ordered) return;
        if (!take_bytes(raw.size())) return;
        const OrderedJson& citation = member(member(*ordered, "delta"), "citation");
        OrderedJson& citations = open_->fields["citations"];
        if (!citations.is_array()) citations = OrderedJson::array();
        if (citation.is_object()) citations.push_back(citation);
    }
}

/// False: the answer has failed, since it is too long.
bool AnswerStream::take_bytes(std::size_t bytes) {
    content_bytes_ += bytes;
    if (content_bytes_ > kMaxContentBytes) fail_malformed(std::string(kTooLong));
    return content_bytes_ <= kMaxContentBytes;
}

/// Text belongs to the answer, in whatever type of block a server sends it.
void AnswerStream::take_text(std::string text) {
    if (text.empty() || !take_bytes(text.size())) return;
    if (open_->type != "text") {
        open_->stray += text;
        sink_.on_event(agent::TextDelta{std::move(text)});
        return;
    }
    open_->text += text;
    if (tags_ == ThinkTagsInText::kText) {
        sink_.on_event(agent::TextDelta{std::move(text)});
    } else {
        show(sink_, open_->filter.take(text));
    }
}

/// Thinking outside a thinking block is only shown: without a signature it cannot be sent back, and
/// it is not part of the answer.
void AnswerStream::take_thinking(std::string text) {
    if (text.empty() || !take_bytes(text.size())) return;
    if (open_->type == "thinking") open_->text += text;
    sink_.on_event(agent::ThinkingDelta{std::move(text)});
}

void AnswerStream::take_input(const std::string& text) {
    if (open_->type == "text" || open_->type == "thinking")
        return fail_malformed("a tool's arguments in a block of type " + open_->type);
    if (!take_bytes(text.size())) return;
    open_->input += text;
    open_->takes_input = true;
}

bool AnswerStream::has_thinking() const {
    return std::any_of(blocks_.begin(), blocks_.end(), [](const ContentBlock& block) {
        return block.type == "thinking" || block.type == "redacted_thinking";
    });
}

/// Puts it before the text, so that no word is lost.
void AnswerStream::take_thinking_out(OpenBlock& block) {
    SplitText split = split_thinking(std::move(block.text), {false, has_thinking()});
    show_rest(sink_, block.filter, split, repairs_);
    block.text = std::move(split.text);
    if (agent::is_blank(split.thinking)) return;
    auto thinking = finish_block(
        {{"type", "thinking"}, {"thinking", std::move(split.thinking)}, {"in_text", true}},
        std::nullopt);
    if (thinking) blocks_.push_back(std::move(*thinking));
}

void AnswerStream::stop_block() {
    if (!open_) return fail_malformed("content_block_stop outside a content block");
    event_data_.end_text();
    const std::string lost = event_data_.take_lost();
    (open_->takes_input ? open_->input : open_->text) += lost;
    OpenBlock block = std::move(*open_);
    open_.reset();
    if (!values_.take(block.input)) return fail_malformed(std::string(kTooLong));
    if (block.type == "text" && tags_ == ThinkTagsInText::kThinking) take_thinking_out(block);
    if (block.type == "text" || block.type == "thinking")
        block.fields[block.type] = std::move(block.text);
    auto finished = finish_block(
        std::move(block.fields),
        block.takes_input ? std::optional<std::string>(block.input) : std::nullopt, &repairs_);
    if (!finished) return fail_malformed(finished.error().message);
    if (finished->call && ++calls_ > kMaxCalls) return fail_malformed(too_many_calls());
    // Text goes before a call, since only results may follow calls.
    if (!block.stray.empty() && finished->call) blocks_.push_back(finished_text(block.stray));
    const bool text_follows = !block.stray.empty() && !finished->call;
    blocks_.push_back(std::move(*finished));
    if (text_follows) blocks_.push_back(finished_text(block.stray));
}

void AnswerStream::take_error(const ServerError& error, std::string_view raw) {
    failure_ = failed_answer(error, raw);
}

Result<agent::Answer, agent::ModelFailure> AnswerStream::finish(bool clean_end) {
    // Some servers leave out message_stop; nothing in it is needed.
    const bool whole = started_ && clean_end && !open_ && !answer_.stop_reason.empty();
    if (!complete_ && !whole && !failure_)
        fail("the answer was cut off: the stream ended before message_stop");
    if (failure_) return *failure_;
    complete_answer(answer_, std::move(blocks_), request_, sink_, repairs_);
    return std::move(answer_);
}

}  // namespace tenon::model
