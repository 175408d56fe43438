#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/json.h"
#include "host/base/result.h"

/// The content blocks of an answer in the format of the Anthropic Messages API, and the Answer that
/// they form. Pure functions.
namespace tenon::model {

/// One finished block.
struct ContentBlock {
    std::string type;
    std::string wire;  ///< JSON object on one line, all fields as received; empty for a tool_use
    std::string text;  ///< of a text block
    // Of a tool_use block: its call, with the server's id (any bytes, or none), and the parts of
    // its JSON, which is written when the conversation has assigned the call an id.
    std::optional<agent::ToolCall> call;
    OrderedJson call_fields;
    std::string input_wire;
};

/// Makes a block from its fields. `input_json` is the text of a tool's input if it was streamed;
/// empty text means {}. A JSON string that contains an object counts as that object. Any other
/// input becomes {} on the wire and an `input_error` in the call. Characters that a tool's name may
/// not have are replaced. Error: a block without a type, or a tool_use without a name.
Result<ContentBlock> finish_block(OrderedJson fields, const std::optional<std::string>& input_json);

/// Why the call in the last block must not run: the answer was cut off inside it. Else empty.
std::string cut_off_reason(std::string_view stop_reason);

/// Fills content, text and calls. `ids`, which may be null, assigns the id of every call. Blank
/// text blocks and thinking at the end are left out, since no endpoint accepts them in a request.
void put_content(agent::Answer& answer, std::vector<ContentBlock> blocks, agent::CallIds* ids);

}  // namespace tenon::model
