#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"

/// What endpoints refuse to take back, and what is made of it: one place for the answers of every
/// wire format, as they come, and for journals, as they are read. Call ids: see CallIds. Pure
/// functions.
namespace tenon::agent {

/// Nothing but white space, that of Unicode included: no endpoint takes such a text block.
bool is_blank(std::string_view text);

/// How many of these content blocks, from the front, may stand in the conversation. Thinking at the
/// end may not: an assistant message that ends in it makes every later request fail. Zero: there is
/// no answer.
std::size_t without_thinking_at_the_end(const std::vector<std::string_view>& blocks);

/// Whether a paused answer (stop reason pause_turn) ends in the middle of a tool that the server
/// runs itself: it goes on when it is sent back as it is, as the last message.
bool ends_in_server_tool(std::string_view content);

/// The blocks of a paused answer behind which something else is to stand: without the calls of the
/// server's own tools that have no result, and without thinking at the end. All of them where every
/// call has its result.
std::vector<std::string_view> without_open_server_calls(
    const std::vector<std::string_view>& blocks);

/// The name of a tool as endpoints take it back: letters, digits, _ and -, at most 64. Anything
/// else becomes _. Empty stays empty.
std::string fitting_tool_name(std::string_view name);

/// The token counts of `usage`, an object in the shape of the Messages API. A count that is
/// missing, null, negative, absurd or no number leaves the one of `before`; a number in a string
/// and a fraction are read.
Usage read_usage(const Json& usage, Usage before = {});

}  // namespace tenon::agent
