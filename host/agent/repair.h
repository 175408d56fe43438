#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"

/// Repairs what endpoints would refuse in a conversation. Used for the answers of every wire format
/// when they arrive, and for journals when they are read. For call ids see CallIds. Pure functions.
namespace tenon::agent {

/// Whether `text` has nothing but white space, that of Unicode included: endpoints refuse such a
/// text block.
bool is_blank(std::string_view text);

/// How many of these content blocks remain without the thinking at the end. An assistant message
/// that ends in thinking makes every later request fail. Zero: there is no answer.
std::size_t count_without_final_thinking(const std::vector<std::string_view>& blocks);

/// Whether a paused answer (stop reason pause_turn) ends in the middle of a tool that the server
/// runs itself: it goes on when it is sent back as it is, as the last message.
bool ends_in_server_tool(std::string_view content);

/// The blocks of a paused answer after which another message follows: without the calls of the
/// server's own tools that have no result, and then without thinking at the end. All blocks when
/// every call has its result.
std::vector<std::string_view> without_open_server_calls(
    const std::vector<std::string_view>& blocks);

/// The name of a tool in a form that endpoints accept: at most 64 letters, digits, _ and -. Other
/// bytes become _. Empty stays empty.
std::string accepted_tool_name(std::string_view name);

/// A count of tokens: a number, also in a string or with a fraction. Nothing: it is negative,
/// absurd or something else.
std::optional<std::int64_t> read_token_count(const Json& value);

/// The token counts of `usage`, an object in the shape of the Messages API. For a count that is
/// missing, null, negative, absurd or not a number, that of `before` is used. A number in a string
/// and a fraction are accepted.
Usage read_usage(const Json& usage, Usage before = {});

}  // namespace tenon::agent
