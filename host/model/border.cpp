#include "host/model/border.h"

#include <algorithm>
#include <array>
#include <utility>

#include "host/agent/call_ids.h"
#include "host/agent/repair.h"
#include "host/base/utf8.h"
#include "host/model/overflow.h"
#include "host/model/server_error.h"

namespace tenon::model {
namespace {

struct ToolInput {
    Json value = Json::object();
    std::string wire = "{}";
    std::string error;
};

ToolInput invalid_input(std::string why, Repairs& repairs) {
    repairs.made(Repair::kArgumentsInvalid);
    ToolInput input;
    input.error = std::move(why);
    return input;
}

/// `text` is the JSON of an object, which it holds unchanged, unless line ends would break the
/// journal, which has one record a line.
std::string on_one_line(std::string text) {
    return text.find_first_of("\r\n") == text.npos ? text : compact_json(text);
}

/// The library reads over such a mark, but the text goes into requests and the journal.
void drop_byte_order_mark(std::string& text) {
    text.erase(0, text.size() - utf8::without_byte_order_mark(text).size());
}

ToolInput read_tool_input(std::string text, Repairs& repairs) {
    drop_byte_order_mark(text);
    auto parsed = parse_json(text);
    if (parsed) {
        if (const std::string* quoted = string_in(*parsed)) {
            repairs.made(Repair::kArgumentsQuoted);
            text = std::string(*quoted);
            drop_byte_order_mark(text);
            parsed = parse_json(text);
        }
    }
    if (agent::is_blank(text) || (parsed && parsed->is_null())) {
        repairs.made(Repair::kArgumentsMissing);
        return {};
    }
    if (!parsed)
        return invalid_input("The arguments are not valid JSON: " + parsed.error().message,
                             repairs);
    if (!parsed->is_object())
        return invalid_input("The arguments are JSON, but not an object.", repairs);
    ToolInput input;
    input.value = std::move(*parsed);
    input.wire = on_one_line(std::move(text));
    return input;
}

/// The JSON text of the arguments in a block, which are an object, a string or nothing.
std::string text_of_input(const OrderedJson& input) {
    if (input.is_null()) return {};
    const std::string* text = string_in(input);
    return text != nullptr ? *text : dump_ordered_json(input);
}

/// The object of `fields`, with `input` in place of the field of that name.
std::string wire_with_input(const OrderedJson& fields, const std::string& input) {
    std::string wire = "{";
    bool placed = false;
    for (const auto& [key, value] : fields.items()) {
        if (wire.size() > 1) wire += ',';
        wire += json_quote(key) + ':';
        wire += key == "input" ? input : dump_ordered_json(value);
        placed = placed || key == "input";
    }
    if (!placed) wire += ",\"input\":" + input;
    return wire + "}";
}

/// Gives the block's call an id that is unique in the conversation.
void assign_call_id(ContentBlock& block, agent::CallIds& ids, Repairs& repairs) {
    std::string id = ids.assign(block.call->id);
    if (id != block.call->id)
        repairs.made(block.call->id.empty() ? Repair::kCallIdMissing : Repair::kCallIdUnfit);
    block.call->id = std::move(id);
    block.call_fields["id"] = block.call->id;
    block.wire = wire_with_input(block.call_fields, std::exchange(block.input_wire, {}));
}

/// Since a call has no place for what only its own model understands, as thinking has.
void keep_in_thinking(std::vector<ContentBlock>& blocks) {
    std::string members;
    for (const ContentBlock& block : blocks) {
        if (!block.call || block.kept.empty()) continue;
        members += members.empty() ? "" : ",";
        members += json_quote(block.call->id) + ":" + block.kept;
    }
    if (members.empty()) return;
    auto at = std::find_if(blocks.begin(), blocks.end(),
                           [](const ContentBlock& block) { return block.type == "thinking"; });
    if (at == blocks.end()) {
        ContentBlock thinking;
        thinking.type = "thinking";
        thinking.wire = R"({"type":"thinking","thinking":""})";
        at = blocks.insert(blocks.begin(), std::move(thinking));
    }
    at->wire.insert(at->wire.size() - 1, ",\"calls\":{" + members + "}");
}

}  // namespace

Result<ContentBlock> finish_block(OrderedJson fields, std::optional<std::string> input_json,
                                  Repairs* repairs) {
    Repairs unused;
    Repairs& made = repairs != nullptr ? *repairs : unused;
    if (!fields.is_object()) return Error{"a content block is not an object"};
    ContentBlock block;
    block.type = string_or(fields, "type");
    if (block.type.empty()) return Error{"a content block has no type"};
    if (block.type == "text") block.text = string_or(fields, "text");
    if (block.type != "tool_use" && !input_json) {
        block.wire = dump_ordered_json(fields);
        return block;
    }
    // Some servers send the whole input at the block's start and no deltas.
    const bool streamed = input_json && !agent::is_blank(*input_json);
    ToolInput input = read_tool_input(
        streamed ? std::move(*input_json) : text_of_input(member(fields, "input")), made);
    if (block.type != "tool_use") {
        block.wire = wire_with_input(fields, input.wire);
        return block;
    }
    agent::ToolCall call;
    call.id = string_or(fields, "id");
    const std::string name = string_or(fields, "name");
    call.name = agent::accepted_tool_name(name);
    if (call.name.empty()) return Error{"a tool_use block has no name"};
    if (call.name != name) made.made(Repair::kNameUnfit);
    call.input = std::move(input.value);
    call.input_error = std::move(input.error);
    fields["name"] = call.name;
    block.call = std::move(call);
    block.call_fields = std::move(fields);
    block.input_wire = std::move(input.wire);
    return block;
}

ContentBlock finished_text(std::string text) {
    ContentBlock block;
    block.type = "text";
    block.wire = R"({"type":"text","text":)" + json_quote(text) + "}";
    block.text = std::move(text);
    return block;
}

agent::Notice notice_of_unknown_end(const std::string& stated) {
    return {"the server ended the answer with " + stated +
            ", which is unknown; the answer may not be whole"};
}

std::string cut_off_reason(std::string_view stop_reason) {
    if (stop_reason == "max_tokens") {
        return "The answer was cut off at its token limit (max_tokens) while this call was being "
               "written, so it did not run. Use a shorter call, or several.";
    }
    if (stop_reason == "model_context_window_exceeded") {
        return "The answer was cut off at the end of the context window while this call was being "
               "written, so it did not run.";
    }
    return {};
}

void put_content(agent::Answer& answer, std::vector<ContentBlock> blocks, agent::CallIds* ids,
                 Repairs* repairs) {
    Repairs unused;
    Repairs& made = repairs != nullptr ? *repairs : unused;
    if (!blocks.empty() && blocks.back().call) {
        if (auto why = cut_off_reason(answer.stop_reason); !why.empty()) {
            blocks.back().call->input_error = std::move(why);
            made.made(Repair::kArgumentsCutOff);
        }
    }
    const std::size_t blank = std::erase_if(blocks, [](const ContentBlock& block) {
        return block.type == "text" && agent::is_blank(block.text);
    });
    if (blank > 0) made.made(Repair::kTextBlank);
    agent::CallIds of_this_answer;
    for (ContentBlock& block : blocks)
        if (block.call) assign_call_id(block, ids != nullptr ? *ids : of_this_answer, made);
    keep_in_thinking(blocks);
    std::vector<std::string_view> wires;
    for (const ContentBlock& block : blocks)
        wires.push_back(block.wire);
    const std::size_t count = agent::count_without_final_thinking(wires);
    if (count < blocks.size()) made.made(Repair::kThinkingLast);
    blocks.resize(count);
    answer.content = "[";
    for (ContentBlock& block : blocks) {
        if (answer.content.size() > 1) answer.content += ',';
        answer.content += std::exchange(block.wire, {});  // the next copy may be as large
        answer.text += block.text;
        if (block.call) answer.calls.push_back(std::move(*block.call));
    }
    answer.content += ']';
}

void show(agent::EventSink& sink, const ThinkFilter::Piece& piece) {
    if (!piece.thinking.empty()) sink.on_event(agent::ThinkingDelta{piece.thinking});
    if (!piece.text.empty()) sink.on_event(agent::TextDelta{piece.text});
}

void show_rest(agent::EventSink& sink, ThinkFilter& filter, const SplitText& split,
               Repairs& repairs) {
    const bool was_open = filter.is_open();
    const ThinkFilter::Piece rest = filter.finish();
    // What was shown as thinking turns out to be the text.
    show(sink, was_open && !split.has_tags ? ThinkFilter::Piece{{}, split.text} : rest);
    if (split.has_tags) repairs.made(Repair::kThinkTags);
    if (split.has_end_alone) repairs.made(Repair::kThinkEndAlone);
}

void complete_answer(agent::Answer& answer, std::vector<ContentBlock> blocks,
                     const agent::Request& request, agent::EventSink& sink, Repairs& repairs) {
    put_content(answer, std::move(blocks), request.call_ids, &repairs);
    const bool says_calls = answer.stop_reason == "tool_use";
    const bool says_end = answer.stop_reason.empty() || answer.stop_reason == "end_turn";
    if (answer.calls.empty() ? says_calls || answer.stop_reason.empty() : says_end) {
        answer.stop_reason = answer.calls.empty() ? "end_turn" : "tool_use";
        repairs.made(Repair::kStopReason);
    }
    if (const auto tool =
            call_in_text(answer.text, request.tools, !request.answer_schema.empty())) {
        repairs.made(Repair::kCallAsText);
        sink.on_event(agent::Notice{
            "the model wrote a call of " + agent::accepted_tool_name(*tool) +
            " as text instead of calling it, so it was not run; the server needs its own parser "
            "for tool calls, one that fits the model (llama.cpp: --jinja; vLLM: "
            "--enable-auto-tool-choice --tool-call-parser NAME)"});
    }
    repairs.log();
}

bool is_keep_alive(const SseEvent& event) {
    if (event.name == "error") return false;
    if (agent::is_blank(event.data)) return true;
    constexpr std::array<std::string_view, 6> kNames = {"message", "content_block", "response",
                                                        "chat",    "completion",    "data"};
    const bool is_known = std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) {
        return event.name.starts_with(name);
    });
    const std::size_t at = event.data.find_first_not_of(" \t\r\n");
    return !is_known && event.data[at] != '{' && event.data[at] != '[';
}

bool ValueCount::take(std::string_view arguments) {
    values_ += most_values_in(arguments);
    return values_ <= kMaxAnswerValues;
}

std::string too_many_calls() {
    return "more than " + std::to_string(kMaxCalls) + " tool calls in one answer";
}

std::string malformed_event(const std::string& why) {
    return "malformed event: " + why;
}

agent::ModelFailure broken_answer(std::string why) {
    agent::ModelFailure failure;
    failure.message = std::move(why);
    failure.http_status = 200;
    failure.retryable = true;
    return failure;
}

agent::ModelFailure malformed_answer(std::string how) {
    agent::ModelFailure failure = broken_answer("malformed answer: " + how);
    failure.malformed = std::move(how);
    return failure;
}

agent::ModelFailure failed_answer(const ServerError& error, std::string_view raw) {
    const std::string type = !error.type.empty()   ? error.type
                             : !error.code.empty() ? error.code
                                                   : "error";
    const bool is_passing = is_passing_error(error);
    const std::string what =
        is_passing ? "the answer broke off: " : "the server ended the answer with an error: ";
    agent::ModelFailure failure =
        broken_answer(what + (type == "error" ? "" : type + ": ") + error.message);
    failure.type = type;
    failure.request_id = error.request_id;
    failure.retryable = is_passing;
    judge_length(failure, raw);
    return failure;
}

}  // namespace tenon::model
