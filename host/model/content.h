#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/json.h"
#include "host/base/result.h"

/// The content blocks of an answer in the shape of the Anthropic Messages API, and how an Answer is
/// put together from them. Pure functions.
namespace tenon::model {

/// One finished block.
struct ContentBlock {
    std::string type;
    std::string wire;  ///< JSON object on one line, every field as received; empty for a tool_use
    std::string text;  ///< of a text block
    // Of a tool_use block: its call, with the id that the server offered (any bytes, or none), and
    // what its JSON is made of once the call has the id under which the conversation knows it.
    std::optional<agent::ToolCall> call;
    OrderedJson call_fields;
    std::string input_wire;
};

/// A block out of its fields. `input_json` is the text of a tool's input as it was streamed, when
/// it was; empty text means {}. An object in a JSON string is taken for the object. What is no JSON
/// object becomes {} on the wire and an `input_error` in the call. A tool's name is made to fit. An
/// Error for what cannot be repaired: a block without a type, a tool_use without a name.
Result<ContentBlock> finish_block(OrderedJson fields, const std::optional<std::string>& input_json);

/// Why the call in the last block must not run, or "": the answer ended while it was being written.
std::string cut_off_reason(std::string_view stop_reason);

/// Fills content, text and calls. Every call gets the id that `ids`, which may be null, assigns to
/// it. Blank text blocks and thinking at the end are left out, since no endpoint takes them back.
void put_content(agent::Answer& answer, std::vector<ContentBlock> blocks, agent::CallIds* ids);

}  // namespace tenon::model
