#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/base/result.h"

/// The only way from text to JSON values and back, and from JSON values to plain ones. The library
/// throws on much that a file, a server, a plugin or a model can send (numbers beyond double, a
/// member of another type, invalid UTF-8 in what is written); nothing here throws. The rest of
/// the host does not call what may throw: parse, dump, get, at, value with a fallback
/// (tests/structure checks that).
namespace tenon {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  ///< keeps the order in which members were received

/// Deeper texts are refused: nlohmann's dump and copies recurse once a level.
constexpr std::size_t kMaxJsonDepth = 256;
/// What this program writes, such as a record with the arguments of a call, holds what it has
/// accepted some levels down.
constexpr std::size_t kMaxOwnJsonDepth = kMaxJsonDepth + 16;

/// Json::object() for headers: there the library's own would be compiled into every file.
Json empty_object();

/// Parses one JSON text, which may be any bytes. Whatever the library objects to is an Error that
/// says where and why: syntax, invalid UTF-8, a number beyond what a double can hold (1e999). Depth
/// is checked by a scan before parsing.
Result<Json> parse_json(std::string_view text, std::size_t max_depth = kMaxJsonDepth);
/// Its time is quadratic in the members of one object: of a text that others have written, limit
/// them. More than `max_members` are an Error.
Result<OrderedJson> parse_ordered_json(std::string_view text, std::size_t max_depth = kMaxJsonDepth,
                                       std::size_t max_members = SIZE_MAX);

/// The value of a text that this program has written itself; null if it is malformed all the same.
Json json_or_null(std::string_view text);

/// Compact text that is always valid UTF-8: invalid bytes in strings become U+FFFD.
std::string dump_json(const Json& value);
std::string dump_ordered_json(const OrderedJson& value);

/// The same, indented by two blanks a level.
std::string pretty_json(const Json& value);

/// A valid JSON text without the white space between its tokens. Strings and numbers stay as they
/// are written.
std::string compact_json(std::string_view text);

/// `text` as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);

/// The text of a JSON string; null when the value is of another type. Valid as long as the value.
const std::string* string_in(const Json& value);
const std::string* string_in(const OrderedJson& value);
/// The value of a JSON integer that fits; 2.0 is an integer too, as in JSON Schema.
std::optional<std::int64_t> integer_in(const Json& value);
std::optional<std::int64_t> integer_in(const OrderedJson& value);
std::optional<double> number_in(const Json& value);
/// The strings of an array; what is of another type is left out.
std::vector<std::string> strings_in(const Json& array);

/// A member of an object; null when there is none, or no object. Valid as long as the object.
const Json& member(const Json& object, std::string_view key);
const OrderedJson& member(const OrderedJson& object, std::string_view key);
/// An element of an array; null when there is none, or no array. Valid as long as the array.
const Json& element(const Json& array, std::size_t index);

/// A member of an object with the given type, or `otherwise`.
std::string string_or(const Json& object, std::string_view key, std::string otherwise = {});
std::string string_or(const OrderedJson& object, std::string_view key, std::string otherwise = {});
std::int64_t integer_or(const Json& object, std::string_view key, std::int64_t otherwise);
bool bool_or(const Json& object, std::string_view key, bool otherwise);

}  // namespace tenon
