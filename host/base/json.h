#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "host/base/result.h"

namespace tenon {

using Json = nlohmann::json;

/// Deeper texts are refused: nlohmann's dump and destructor recurse once a level.
constexpr std::size_t kMaxJsonDepth = 256;

/// Parses one JSON text. The error says where (byte offset) and why; the bytes may be hostile.
/// Depth is checked by a scan before parsing.
Result<Json> parse_json(std::string_view text, std::size_t max_depth = kMaxJsonDepth);

/// Compact text that is always valid UTF-8: invalid bytes in strings become U+FFFD.
std::string dump_json(const Json& value);

/// `text` as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);

/// A member of an object with the given type, or `otherwise`. Never throws.
std::string string_or(const Json& object, const char* key, std::string otherwise = {});
std::int64_t integer_or(const Json& object, const char* key, std::int64_t otherwise);
bool bool_or(const Json& object, const char* key, bool otherwise);

}  // namespace tenon
