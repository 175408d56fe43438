#pragma once

#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/config/settings_keys.h"

/// What the value of a key may be, and which of two values is looser.
namespace tenon::config {

/// What a value of the key may be, for people: `text, json`.
std::string allowed_values(const KeySpec& spec);
/// The error reads `"x" is not …; allowed: …`.
Result<SettingValue> parse_value(const KeySpec& spec, std::string_view raw);

/// Whether `value` is looser than `now`. Both have been parsed, paths are absolute.
bool is_looser(const KeySpec& spec, const SettingValue& now, const SettingValue& value);

}  // namespace tenon::config
