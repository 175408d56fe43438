#include "host/model/content.h"

#include "host/agent/call_ids.h"
#include "host/agent/repair.h"

namespace tenon::model {
namespace {

struct ToolInput {
    Json value = Json::object();
    std::string wire = "{}";
    std::string error;
};

ToolInput read_tool_input(const std::string& text) {
    if (agent::is_blank(text)) return {};
    ToolInput input;
    auto parsed = parse_json(text);
    const auto ordered = parse_ordered_json(text);
    if (!parsed || !ordered) {
        const Error& why = parsed ? ordered.error() : parsed.error();
        input.error = "The arguments are not valid JSON: " + why.message;
    } else if (!parsed->is_object()) {
        input.error = "The arguments are JSON, but not an object.";
    } else {
        input.value = std::move(*parsed);
        // Unchanged, unless line ends would break the journal, which has one record a line.
        input.wire = text.find_first_of("\r\n") == text.npos ? text : dump_ordered_json(*ordered);
    }
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
void assign_call_id(ContentBlock& block, agent::CallIds& ids) {
    block.call->id = ids.assign(block.call->id);
    block.call_fields["id"] = block.call->id;
    block.wire = wire_with_input(block.call_fields, block.input_wire);
}

}  // namespace

Result<ContentBlock> finish_block(OrderedJson fields,
                                  const std::optional<std::string>& input_json) {
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
    ToolInput input =
        read_tool_input(streamed ? *input_json : text_of_input(member(fields, "input")));
    if (block.type != "tool_use") {
        block.wire = wire_with_input(fields, input.wire);
        return block;
    }
    agent::ToolCall call;
    call.id = string_or(fields, "id");
    call.name = agent::accepted_tool_name(string_or(fields, "name"));
    if (call.name.empty()) return Error{"a tool_use block has no name"};
    call.input = std::move(input.value);
    call.input_error = std::move(input.error);
    fields["name"] = call.name;
    block.call = std::move(call);
    block.call_fields = std::move(fields);
    block.input_wire = std::move(input.wire);
    return block;
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

void put_content(agent::Answer& answer, std::vector<ContentBlock> blocks, agent::CallIds* ids) {
    if (!blocks.empty() && blocks.back().call) {
        if (auto why = cut_off_reason(answer.stop_reason); !why.empty()) {
            blocks.back().call->input_error = std::move(why);
        }
    }
    std::erase_if(blocks, [](const ContentBlock& block) {
        return block.type == "text" && agent::is_blank(block.text);
    });
    agent::CallIds of_this_answer;
    std::vector<std::string_view> wires;
    for (ContentBlock& block : blocks) {
        if (block.call) assign_call_id(block, ids != nullptr ? *ids : of_this_answer);
        wires.push_back(block.wire);
    }
    blocks.resize(agent::count_without_final_thinking(wires));
    answer.content = "[";
    for (ContentBlock& block : blocks) {
        if (answer.content.size() > 1) answer.content += ',';
        answer.content += block.wire;
        answer.text += block.text;
        if (block.call) answer.calls.push_back(std::move(*block.call));
    }
    answer.content += ']';
}

}  // namespace tenon::model
