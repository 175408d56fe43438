#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"

/// Messages as text: made once, appended to, never serialised again.
namespace tenon::agent {

/// The elements of a JSON array of objects, as they stand in `array`. The text must be valid JSON.
std::vector<std::string_view> split_blocks(std::string_view array);

/// The value of a member of a JSON object as it stands in `object`, or empty when there is none.
/// The text must be valid JSON.
std::string_view raw_member(std::string_view object, std::string_view key);

/// The same for several keys at once, which have no characters that JSON escapes. `values` is as
/// long as `keys`, and empty before.
void find_raw_members(std::string_view object, std::span<const std::string_view> keys,
                      std::span<std::string_view> values);

/// Whether a content block is of the two thinking kinds.
bool is_thinking_block(std::string_view block);

/// Whether a block of a message is of these kinds.
bool is_thinking(const Message& message, std::size_t block);

/// Whether a message has thinking that only another model than `origin` (ModelName::words) may get.
bool has_foreign_thinking(const Message& message, std::string_view origin);

/// The tool_use blocks of an answer, as they stand in it. Nothing is parsed but their types.
std::vector<std::string_view> call_blocks(const Message& answer);

/// A message without blocks. At least one is appended before it is sent.
Message empty_message(Role role);

/// Adds one content block, a JSON object as text, at the end of the message.
void append_block(Message& message, std::string_view block);

/// {"type":"text","text":…}
std::string text_block(std::string_view text);

/// {"type":"image","source":…}
std::string image_block(const Image& image);

/// The block with another value of the member `key`, a JSON string; everything else stays as it is.
std::string with_member(std::string_view block, std::string_view key, std::string_view value);

/// {"type":"tool_result",…}. A blank text is left out, since the endpoint refuses blank text
/// blocks. The second with a text that is a JSON string already. With images the content is an
/// array of blocks, else it is the text.
std::string tool_result_block(std::string_view tool_use_id, const ToolResult& result);
std::string tool_result_block(std::string_view tool_use_id, std::string_view quoted, bool is_error,
                              const std::vector<Image>& images = {});

/// The images of a block, or of the content of a tool result. `block` is parsed.
std::vector<Image> images_in(const Json& block);
/// The text of a tool result's content, which is a string or an array of blocks. `[image]` stands
/// for an image.
std::string text_of_result(const Json& content);

}  // namespace tenon::agent
