#include "host/model/content.h"

#include <algorithm>

namespace tenon::model {
namespace {

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\v\f") == text.npos;
}

/// Endpoints refuse a conversation with any other id (^[a-zA-Z0-9_-]+$).
bool is_tool_use_id(std::string_view id) {
    return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

struct Input {
    Json value = Json::object();
    std::string wire = "{}";
    std::string error;
};

Input read_input(const std::string& text) {
    if (is_blank(text)) return {};
    Input input;
    auto parsed = parse_json(text);
    const auto ordered = parse_ordered_json(text);
    if (!parsed || !ordered) {
        const Error& why = parsed ? ordered.error() : parsed.error();
        input.error = "The arguments are not valid JSON: " + why.message;
    } else if (!parsed->is_object()) {
        input.error = "The arguments are JSON, but not an object.";
    } else {
        input.value = std::move(*parsed);
        // The very text, unless its layout would break a journal of one record a line.
        input.wire = text.find_first_of("\r\n") == text.npos ? text : dump_ordered_json(*ordered);
    }
    return input;
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
    const bool streamed = input_json && !is_blank(*input_json);
    const OrderedJson& whole = member(fields, "input");
    Input input = read_input(streamed          ? *input_json
                             : whole.is_null() ? std::string()
                                               : dump_ordered_json(whole));
    block.wire = wire_with_input(fields, input.wire);
    if (block.type != "tool_use") return block;
    agent::ToolCall call;
    call.id = string_or(fields, "id");
    call.name = string_or(fields, "name");
    if (!is_tool_use_id(call.id)) {
        return Error{"a tool_use block has no id of letters, digits, _ and -"};
    }
    if (call.name.empty()) return Error{"tool_use block " + call.id + " has no name"};
    call.input = std::move(input.value);
    call.input_error = std::move(input.error);
    block.call = std::move(call);
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

void put_content(agent::Answer& answer, std::vector<ContentBlock> blocks) {
    if (!blocks.empty() && blocks.back().call) {
        if (auto why = cut_off_reason(answer.stop_reason); !why.empty()) {
            blocks.back().call->input_error = std::move(why);
        }
    }
    answer.content = "[";
    for (ContentBlock& block : blocks) {
        if (block.type == "text" && is_blank(block.text)) continue;
        if (answer.content.size() > 1) answer.content += ',';
        answer.content += block.wire;
        answer.text += block.text;
        if (block.call) answer.calls.push_back(std::move(*block.call));
    }
    answer.content += ']';
}

}  // namespace tenon::model
