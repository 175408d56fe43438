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
    std::string wire;                     ///< JSON object on one line, every field as received
    std::string text;                     ///< of a text block
    std::optional<agent::ToolCall> call;  ///< of a tool_use block
};

/// A block out of its fields. `input_json` is the text of a tool's input as it was streamed, when
/// it was; empty text means {}. What is no JSON object becomes {} on the wire and an `input_error`
/// in the call. An Error for a block that could never be sent back: no type, a tool_use without a
/// usable id or name.
Result<ContentBlock> finish_block(OrderedJson fields, const std::optional<std::string>& input_json);

/// Why the call in the last block must not run, or "": the answer ended while it was being written.
std::string cut_off_reason(std::string_view stop_reason);

/// Fills content, text and calls. Blank text blocks are left out, since no endpoint takes them
/// back.
void put_content(agent::Answer& answer, std::vector<ContentBlock> blocks);

}  // namespace tenon::model
