#pragma once

#include <map>
#include <string>

#include "host/base/json.h"

namespace tenon::plugins {

/// Converts the configuration keys of a plugin, whose values are texts, to the JSON object that its
/// schema describes. Where the schema states a boolean or a number, the text becomes one. `key.1`,
/// `key.2`, … become a list in the order of the numbers; `key` alone becomes a list of one.
/// `key.sub` becomes a member of an object. A text that cannot be converted stays a text, which the
/// schema then refuses. Pure function.
Json config_json(const std::map<std::string, std::string>& own, const Json& schema);

}  // namespace tenon::plugins
