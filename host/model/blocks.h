#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"
#include "host/agent/wire.h"

/// The content blocks of a conversation, seen as text by the wire formats that write them in
/// another way. Nothing that is long is parsed or copied: a JSON string is the same in all formats.
/// Pure functions. Views are valid as long as the text that they are taken from.
namespace tenon::model {

/// A block of a message, as it stands in `wire`.
std::string_view block_of(const agent::Message& message, std::size_t block);

/// The `type` of a JSON object; empty: it has none.
std::string type_of(std::string_view object);
/// The text of a JSON string; empty if it is not a string.
std::string text_in(std::string_view json_string);

/// A value without white space around it; empty if it is null.
std::string_view value_in(std::string_view json);

/// A member of a JSON object as it stands there, without white space around it. Empty: there is
/// none, or it is null.
std::string_view value_of(std::string_view object, std::string_view key);

/// The same for several members, of which none is looked up twice.
template <std::size_t n>
std::array<std::string_view, n> values_of(std::string_view object,
                                          const std::array<std::string_view, n>& keys) {
    std::array<std::string_view, n> values;
    agent::find_raw_members(object, keys, values);
    for (std::string_view& value : values)
        value = value_in(value);
    return values;
}

/// What a JSON string has between its quotes, with its escapes; empty if it is not a string.
std::string_view inside_quotes(std::string_view json_string);

/// The text of a JSON value as a JSON string: `{"a":"b"}` becomes `"{\"a\":\"b\"}"`.
std::string quoted_json(std::string_view json);

/// An image of the conversation as a URL in a JSON string, in pieces that are to be joined: a
/// `data:` URL, or the address that the block names. Empty: the block has no image.
std::vector<std::string_view> image_url_of(std::string_view image_block);

/// The JSON schema of a tool's arguments, in a form that all servers take: one of an object, which
/// has `properties`. `tool` is an object of agent::Request::tools.
std::string parameters_of(std::string_view tool);

}  // namespace tenon::model
