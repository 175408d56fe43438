#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/config/settings.h"

/// The table of everything that can be configured: names, defaults, what a value may be, and what
/// an untrusted workspace may say. Layers, files and trust are settings' business.
namespace tenon::config {

enum class Kind {
    kText,
    kChoice,
    kInteger,
    kBoolean,
    kDuration,
    kSize,
    kUrl,
    kProxy,
    kPath,
    kList
};

/// What counts from the `.tenon/` of a workspace that is not trusted.
/// Stricter: a smaller number. The choices of such a key stand from the loosest to the strictest.
enum class FromWorkspace { kNothing, kAnything, kStricter };

/// A value that has been understood. Integers, booleans, milliseconds and bytes are `number`; of a
/// choice it is how many choices stand behind it.
struct Value {
    std::string text;
    std::int64_t number = 0;
};

struct KeySpec {
    std::string_view key;
    Kind kind;
    std::string_view default_text;  ///< as it could be written; empty: none
    std::string_view otherwise;     ///< what holds while there is no value, for people
    std::string_view
        choices;  ///< kChoice: "a, b, c"; a number: a word for "no limit"; kPath: for "none"
    std::int64_t least, most;  ///< kInteger, kDuration (ms), kSize
    FromWorkspace from_workspace;
    void (*set)(Settings&, const Value&);  ///< null: settings puts it together (lists, …)
};

/// A "no limit" of an integer key.
constexpr std::int64_t kUnlimited = INT64_MAX;

std::span<const KeySpec> setting_keys();
/// Null: no such key. Plugins' keys are not in the table.
const KeySpec* find_key(std::string_view key);

/// The error reads `"x" is not …; allowed: …`.
Result<Value> parse_value(const KeySpec& spec, std::string_view raw);

/// `plugins.<id>.<name>` taken apart.
struct PluginKey {
    std::string id;
    std::string name;
};
std::optional<PluginKey> plugin_key(std::string_view key);

/// What a key that does not exist could have been: `did you mean model.name?`, or what is there.
std::string hint_for_unknown(std::string_view key);

/// `value` as it may be shown: no credential of a plugin, no password of an address.
std::string shown_value(std::string_view key, std::string_view value);

}  // namespace tenon::config
