#pragma once

#include <map>
#include <string>

#include "host/base/json.h"

namespace tenon::plugins {

/// The raw keys of a plugin as the JSON object its schema describes: "true" becomes a boolean where
/// a boolean is stated, "8" a number where a number is, `key.1`, `key.2`, … a list in the order of
/// the numbers (one `key` alone a list of one), `key.sub` a member of an object. What cannot be
/// read as stated stays text, for the schema to refuse. Pure function.
Json config_json(const std::map<std::string, std::string>& own, const Json& schema);

}  // namespace tenon::plugins
