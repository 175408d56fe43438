#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/json.h"
#include "host/base/result.h"
#include "host/plugin/refusal.h"

namespace tenon::plugins {

/// Converts the configuration keys of a plugin, whose values are texts, to the JSON object that its
/// schema describes. Where the schema states a boolean or a number, the text becomes one. `key.1`,
/// `key.2`, … become a list in the order of the numbers; `key` alone becomes a list of one.
/// `key.sub` becomes a member of an object, to any depth. A text that cannot be converted stays a
/// text, which the schema then refuses. Defaults of the schema are not filled in. Pure function.
Json config_json(const std::map<std::string, std::string>& own, const Json& schema);

/// The configuration of a plugin as its instance gets it.
struct CheckedConfig {
    std::string json;
    /// One sentence for each key that the plugin does not have. It names the place and the key.
    std::vector<std::string> warnings;
};

/// The warnings that `checked_config` gives, also when it refuses the configuration. None when the
/// schema cannot be read.
std::vector<std::string> warnings_about_keys(std::string_view schema, const std::string& id,
                                             const std::map<std::string, std::string>& own,
                                             const std::map<std::string, std::string>& origins);

/// Converts the keys `plugins.<id>.*` that are the plugin's own, and checks them against the text
/// of its schema; without one, every key is accepted. A key that the schema excludes is left out
/// with a warning. A key that it neither names nor excludes is kept, with a warning if it looks
/// like a misspelt key of the host. `origins` says where a key was written. The Refusal says what
/// does not fit, and names the keys to change.
Result<CheckedConfig, plugin::Refusal> checked_config(
    std::string_view schema, const std::string& id, const std::map<std::string, std::string>& own,
    const std::map<std::string, std::string>& origins);

}  // namespace tenon::plugins
