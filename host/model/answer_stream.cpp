#include "host/model/answer_stream.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

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

bool is_known_stop_reason(std::string_view reason) {
    constexpr std::array<std::string_view, 8> kKnown = {"end_turn",
                                                        "tool_use",
                                                        "max_tokens",
                                                        "stop_sequence",
                                                        "pause_turn",
                                                        "refusal",
                                                        "model_context_window_exceeded",
                                                        "compaction"};
    return std::find(kKnown.begin(), kKnown.end(), reason) != kKnown.end();
}

/// The error in the data of an event named "error" that is no object.
ServerError error_in(const Result<Json>& data, std::string_view raw) {
    const auto found = data ? find_error(*data) : std::nullopt;
    return found.value_or(ServerError{"", excerpt(raw), ""});
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
    if (event.name == "error" && (!data || !data->is_object()))
        return take_error(error_in(data, event.data), event.data);
    if (!data) return fail_malformed(malformed_event(data.error().message));
    if (!data->is_object()) return fail_malformed(malformed_event("not a JSON object"));
    // The type in the data; gateways have been seen to leave out the event's name.
    dispatch(string_or(*data, "type", std::string(event.name)), *data, event.data);
}

void AnswerStream::dispatch(const std::string& type, const Json& data, std::string_view raw) {
    if (!is_part_of_an_answer(type)) {
        if (const auto error = find_error_in_event(type, data)) return take_error(*error, raw);
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
        Block* block = open_block(data);
        if (block == nullptr) return fail_malformed("content_block_stop outside a content block");
        stop_block(*block);
    } else if (type == "message_delta") {
        take_stop(member(data, "delta"));
        answer_.usage = agent::read_usage(member(data, "usage"), answer_.usage);
    } else {
        end_message();
    }
}

/// Blocks that are all whole need no stop_reason: complete_answer states one that fits them.
void AnswerStream::end_message() {
    const bool has_open_blocks = !open_.empty();
    take_first_content();
    if (failure_) return;
    if (answer_.stop_reason.empty() && (has_open_blocks || blocks_.empty()))
        return fail_malformed("the answer ends without a stop_reason");
    stop_open_blocks();
    complete_ = !failure_;
}

bool AnswerStream::take_whole(std::string_view body) {
    const auto data = parse_event_data(body);
    if (!data || string_or(*data, "type") != "message" || !member(*data, "content").is_array())
        return false;
    start_message(*data);
    take_first_content();
    take_stop(*data);
    complete_ = true;
    return true;
}

/// Some servers send the content of a short answer in its message_start, and no events about it.
void AnswerStream::take_first_content() {
    const Json content = std::exchange(first_content_, {});
    if (!content.is_array() || !blocks_.empty()) return;
    for (const Json& block : content) {
        const Json begin = {{"index", blocks_.size()}, {"content_block", block}};
        start_block(begin, dump_json(begin));
        if (!failure_) stop_block(blocks_.back());
        if (failure_) return;
    }
}

/// A second message_start is ignored, unless the first block begins again after it.
void AnswerStream::start_message(const Json& message) {
    answer_.usage = agent::read_usage(member(message, "usage"), answer_.usage);
    began_again_ = started_ && !blocks_.empty();
    if (started_) return;
    started_ = true;
    first_content_ = member(message, "content");
    answer_.id = utf8::first_bytes(string_or(message, "id"), kMaxNameBytes);
    answer_.model = utf8::first_bytes(string_or(message, "model"), kMaxNameBytes);
}

void AnswerStream::start_block(const Json& data, std::string_view raw) {
    if (began_again_ && integer_or(data, "index", 0) == 0)
        return fail_malformed("the answer began a second time");
    const Json& begun = member(data, "content_block");
    if (!begun.is_object()) return fail_malformed("content_block_start without a content_block");
    const auto index = integer_in(member(data, "index"));
    Block* before = open_block(data);
    if (before != nullptr && before->index == index) {
        repairs_.made(Repair::kBlockEndMissing);
        stop_block(*before);
    }
    if (open_.size() == kMaxCalls) fail_malformed("too many open content blocks");
    // The text of a block is counted when it is taken.
    const std::size_t text = string_or(begun, "text").size() + string_or(begun, "thinking").size();
    if (failure_ || !take_bytes(raw.size() - std::min(text, raw.size()))) return;
    if (!values_.take(raw)) return fail_malformed(std::string(kTooLong));
    const auto ordered = ordered_event(raw, data);  // parsed again to keep the order of the fields
    if (!ordered) return fail_malformed(malformed_event(ordered.error().message));
    Block& block = blocks_.emplace_back();
    open_.push_back(&block);
    block.index = index;
    block.type = string_or(begun, "type");
    block.takes_input = block.type == "tool_use" || block.type == "server_tool_use";
    block.fields = member(*ordered, "content_block");
    if (block.type == "thinking" || block.type == "redacted_thinking") has_thinking_ = true;
    if (block.type == "text") take_text(block, string_or(begun, "text"));
    if (block.type == "thinking") take_thinking(block, string_or(begun, "thinking"));
}

/// The open block of this event's index, else the one that began last. Null: none is open.
AnswerStream::Block* AnswerStream::open_block(const Json& data) const {
    const auto index = integer_in(member(data, "index"));
    const auto same = std::find_if(open_.begin(), open_.end(),
                                   [&](const Block* block) { return block->index == index; });
    if (same != open_.end()) return *same;
    return open_.empty() ? nullptr : open_.back();
}

bool AnswerStream::has_begun(std::int64_t index) const {
    return index < static_cast<std::int64_t>(blocks_.size()) ||
           std::any_of(open_.begin(), open_.end(),
                       [&](const Block* block) { return block->index == index; });
}

void AnswerStream::take_delta(const Json& data, std::string_view raw) {
    Block* const open = open_block(data);
    if (open == nullptr) return fail_malformed("content_block_delta outside a content block");
    if (!has_begun(integer_or(data, "index", 0)))
        return fail_malformed("content_block_delta for a block that has not begun");
    if (open != &blocks_.back()) repairs_.made(Repair::kBlocksMixed);
    Block& block = *open;
    const Json& delta = member(data, "delta");
    if (delta.is_null()) return fail_malformed("content_block_delta without a delta");
    const std::string type = string_or(delta, "type");
    if (type == "text_delta") {
        take_text(block, event_data_.take_lost() + string_or(delta, "text"));
    } else if (type == "thinking_delta") {
        take_thinking(block, event_data_.take_lost() + string_or(delta, "thinking"));
    } else if (type == "input_json_delta" && member(delta, "partial_json").is_object()) {
        take_input_object(block, data, raw);
    } else if (type == "input_json_delta") {
        take_input(block, event_data_.take_lost() + string_or(delta, "partial_json"));
    } else if (type == "signature_delta" && block.type == "thinking") {
        block.fields["signature"] = string_or(delta, "signature");
    } else if (type == "citations_delta" && block.type == "text") {
        take_citation(block, data, raw);
    }
}

void AnswerStream::take_citation(Block& block, const Json& data, std::string_view raw) {
    if (!take_bytes(raw.size())) return;
    const auto ordered = ordered_event(raw, data);
    if (!ordered) return fail_malformed(malformed_event(ordered.error().message));
    const OrderedJson& citation = member(member(*ordered, "delta"), "citation");
    OrderedJson& citations = block.fields["citations"];
    if (!citations.is_array()) citations = OrderedJson::array();
    if (citation.is_object()) citations.push_back(citation);
}

/// False: the answer has failed, since it is too long.
bool AnswerStream::take_bytes(std::size_t bytes) {
    content_bytes_ += bytes;
    if (content_bytes_ > kMaxContentBytes) fail_malformed(std::string(kTooLong));
    return content_bytes_ <= kMaxContentBytes;
}

/// Text belongs to the answer, in whatever type of block a server sends it.
void AnswerStream::take_text(Block& block, std::string text) {
    if (text.empty() || !take_bytes(text.size())) return;
    if (block.type != "text") {
        block.stray += text;
        sink_.on_event(agent::TextDelta{std::move(text)});
        return;
    }
    block.text += text;
    if (tags_ == ThinkTagsInText::kText) {
        sink_.on_event(agent::TextDelta{std::move(text)});
    } else {
        show(sink_, block.filter.take(text));
    }
}

/// Thinking outside a thinking block is only shown: without a signature it cannot be sent back, and
/// it is not part of the answer.
void AnswerStream::take_thinking(Block& block, std::string text) {
    if (text.empty() || !take_bytes(text.size())) return;
    if (block.type == "thinking") block.text += text;
    sink_.on_event(agent::ThinkingDelta{std::move(text)});
}

void AnswerStream::take_input(Block& block, const std::string& text) {
    if (block.type == "text" || block.type == "thinking")
        return fail_malformed("a tool's arguments in a block of type " + block.type);
    if (!take_bytes(text.size())) return;
    block.input += text;
    block.takes_input = true;
}

/// Of a server that does not send the arguments as text: they are all that there are. An empty
/// object is what they are without any.
void AnswerStream::take_input_object(Block& block, const Json& data, std::string_view raw) {
    const auto ordered = ordered_event(raw, data);
    if (!ordered) return fail_malformed(malformed_event(ordered.error().message));
    const OrderedJson& input = member(member(*ordered, "delta"), "partial_json");
    repairs_.made(Repair::kArgumentsObject);
    event_data_.end_text();  // half a character at its end would break the JSON
    event_data_.take_lost();
    block.input.clear();
    take_input(block, input.empty() ? std::string() : dump_ordered_json(input));
}

/// Puts it before the text, so that no word is lost.
void AnswerStream::take_thinking_out(Block& block) {
    SplitText split = split_thinking(std::move(block.text), {false, has_thinking_});
    show_rest(sink_, block.filter, split, repairs_);
    block.text = std::move(split.text);
    if (agent::is_blank(split.thinking)) return;
    auto thinking = finish_block(
        {{"type", "thinking"}, {"thinking", std::move(split.thinking)}, {"in_text", true}},
        std::nullopt);
    if (!thinking) return;
    block.finished.push_back(std::move(*thinking));
    has_thinking_ = true;
}

void AnswerStream::stop_block(Block& block) {
    std::erase(open_, &block);
    event_data_.end_text();
    const std::string lost = event_data_.take_lost();
    (block.takes_input ? block.input : block.text) += lost;
    if (!values_.take(block.input)) return fail_malformed(std::string(kTooLong));
    if (block.type == "text" && tags_ == ThinkTagsInText::kThinking) take_thinking_out(block);
    if (block.type == "text" || block.type == "thinking")
        block.fields[block.type] = std::move(block.text);
    auto finished = finish_block(
        std::move(block.fields),
        block.takes_input ? std::optional<std::string>(std::move(block.input)) : std::nullopt,
        &repairs_);
    if (!finished) return fail_malformed(finished.error().message);
    if (finished->call && ++calls_ > kMaxCalls) return fail_malformed(too_many_calls());
    // Text goes before a call, since only results may follow calls.
    if (!block.stray.empty() && finished->call)
        block.finished.push_back(finished_text(block.stray));
    const bool text_follows = !block.stray.empty() && !finished->call;
    block.finished.push_back(std::move(*finished));
    if (text_follows) block.finished.push_back(finished_text(block.stray));
}

/// Some servers leave out the ends of blocks.
void AnswerStream::stop_open_blocks() {
    while (!open_.empty() && !failure_) {
        repairs_.made(Repair::kBlockEndMissing);
        stop_block(*open_.front());
    }
}

/// In the order of their indexes if each block has one of its own, else in that of their
/// beginnings.
std::vector<ContentBlock> AnswerStream::all_blocks() {
    std::vector<Block*> order;
    for (Block& block : blocks_)
        order.push_back(&block);
    const auto comes_before = [](const Block* a, const Block* b) { return a->index < b->index; };
    const auto is_no_order = [](const Block* a, const Block* b) {
        return !a->index || a->index == b->index;
    };
    std::vector<Block*> sorted = order;
    std::sort(sorted.begin(), sorted.end(), comes_before);
    const bool is_order =
        std::adjacent_find(sorted.begin(), sorted.end(), is_no_order) == sorted.end();
    if (is_order && sorted != order) {
        repairs_.made(Repair::kBlocksMixed);
        order = std::move(sorted);
    }
    std::vector<ContentBlock> all;
    for (Block* block : order)
        std::move(block->finished.begin(), block->finished.end(), std::back_inserter(all));
    return all;
}

void AnswerStream::take_stop(const Json& from) {
    answer_.stop_reason = string_or(from, "stop_reason", answer_.stop_reason);
    const Json& details = member(from, "stop_details");
    std::string refusal = string_or(details, "category");
    const std::string explanation = string_or(details, "explanation");
    if (!refusal.empty() && !explanation.empty()) refusal += ": ";
    refusal += explanation;
    if (!refusal.empty()) answer_.refusal = std::move(refusal);
}

void AnswerStream::note_unknown_stop_reason() {
    if (answer_.stop_reason.empty() || is_known_stop_reason(answer_.stop_reason)) return;
    sink_.on_event(
        notice_of_unknown_end("stop_reason " + excerpt(answer_.stop_reason, kLongestStopReason)));
}

void AnswerStream::take_error(const ServerError& error, std::string_view raw) {
    failure_ = failed_answer(error, raw);
}

Result<agent::Answer, agent::ModelFailure> AnswerStream::finish(bool clean_end) {
    // Some servers leave out message_stop; nothing in it is needed.
    const bool whole = started_ && clean_end && !answer_.stop_reason.empty();
    if (!complete_ && !whole && !failure_)
        fail("the answer was cut off: the stream ended before message_stop");
    if (!failure_) take_first_content();
    if (!failure_) stop_open_blocks();
    if (failure_) return *failure_;
    note_unknown_stop_reason();
    complete_answer(answer_, all_blocks(), request_, sink_, repairs_);
    return std::move(answer_);
}

}  // namespace tenon::model
