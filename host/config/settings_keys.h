#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/config/settings.h"

/// Everything that can be configured: keys, defaults, what a value may be, and what an untrusted
/// workspace may set. Which values are in force is the business of the table (table.h).
namespace tenon::config {

enum class ValueType {
    kText,
    kChoice,
    kChoices,  ///< a list of choices. A layer that sets it replaces the list; empty: none of them
    kInteger,
    kBoolean,
    kDuration,
    kSize,
    kDecimal,  ///< not negative, at most nine digits behind the point
    kHeader,   ///< the value of an HTTP header field
    kUrl,
    kProxy,
    kPath,
    kPaths,   ///< a list of directories
    kRules,   ///< a list of permission rules
    kGrants,  ///< a list of what a plugin may do
};

/// What counts from the `.tenon/` of a workspace that is not trusted.
enum class FromWorkspace { kNothing, kAnything, kStricter };

/// Which values of a key are stricter than others: for what an administrator has locked, and for a
/// workspace that is not trusted. `kSmaller` and `kGreater` are about SettingValue::number.
enum class Strictness {
    kFixed,    ///< none: every other value counts as looser
    kSmaller,  ///< also choices that are listed with the loosest first
    kGreater,  ///< also choices that are listed with the strictest first
    kByMode,   ///< permissions.mode
    kMore,     ///< a list: one more value is stricter
    kFewer,    ///< a list: one more value is looser
};

/// The key of properties that lists what a file locks, and the attribute that does so in XML.
constexpr std::string_view kFinal = "final";

/// A parsed value. Integers, booleans, milliseconds and bytes are in `number`, a decimal there in
/// billionths; for a choice it is the number of choices after it.
struct SettingValue {
    std::string text;
    std::int64_t number = 0;
};

struct KeySpec {
    std::string_view key;
    ValueType type;
    std::string_view default_text;  ///< as it could be written; empty: none
    std::string_view otherwise;     ///< what is used while there is no value, for people
    /// kChoice, kChoices: "a, b, c"; a number: the word for "no limit"; kPath: the word for "none".
    std::string_view choices;
    std::int64_t least, most;  ///< kInteger, kDuration (ms), kSize
    FromWorkspace from_workspace;
    Strictness strictness;
    void (*set)(Settings&, const SettingValue&);  ///< null: `settings_of` does it
    std::string_view meaning;                     ///< whole sentences, for man page and files
};

/// A "no limit" of an integer key.
constexpr std::int64_t kUnlimited = INT64_MAX;

std::span<const KeySpec> setting_keys();
/// The keys `plugins.<id>.<name>` that the host itself understands; the `key` of each is the name,
/// its `set` is null.
std::span<const KeySpec> plugin_setting_keys();
/// Families of keys that have a part of their own: `model.headers.NAME`, `model.fallback.N.name`.
/// The `key` of each has that part in capitals, its `set` is null.
std::span<const KeySpec> family_keys();
/// Null: no such key. The keys of families are found, those of plugins are not.
const KeySpec* find_key(std::string_view key);
/// One of plugin_setting_keys(). Null: the name is one of the plugin's own keys.
const KeySpec* find_plugin_key(std::string_view name);
/// One of the two: the host's key, also one of `plugins.<id>.`; null: it is none.
const KeySpec* find_any_key(std::string_view key);
/// Whether keys begin with `key`: an empty XML element of that name sets nothing.
bool is_section(const std::string& key);

/// Whether the key may have several values.
bool is_list(const KeySpec& spec);

/// The key of a list's value without its number: `permissions.deny.2` is number 2 of
/// `permissions.deny`.
struct NumberedKey {
    std::string key;
    long index = 0;  ///< 0: written without a number
};
NumberedKey numbered_key(const std::string& key);

/// `plugins.<id>.<name>` taken apart. Of a name of a directory in the Agent Plugins form that is no
/// plugin's id there is only `enabled`; where it has a dot and begins like an id, that is what the
/// id is.
struct PluginKey {
    std::string id;
    std::string name;
};
std::optional<PluginKey> plugin_key(std::string_view key);

/// The name of the header field that a key `model.headers.<name>` is about, as written; none: it is
/// no such key, or no HTTP header field can have the name.
std::optional<std::string_view> header_of_key(std::string_view key);
/// Whether the values of a header field of this name are credentials, which nobody may see.
bool is_credential_header(std::string_view name);

/// Whether a header field of this name takes the place of the one with the key.
bool carries_key(std::string_view name);

/// `model.fallback.<n>.<member>` taken apart; none: it is no such key. Numbers begin at 1.
struct FallbackKey {
    long number = 0;
    std::string_view member;
};
std::optional<FallbackKey> fallback_key(std::string_view key);
/// `model.fallback.<number>`
std::string section_of_fallback(long number);
/// `model.fallback.<number>.name`
std::string name_of_fallback(long number);
/// Whether the elements of this name in a file have numbers, in their order: `model.fallback`.
bool is_numbered_section(std::string_view key);

/// The host's key that an own key of a plugin with this name is probably a misspelling of.
std::optional<std::string_view> misspelt_plugin_key(std::string_view name);

/// What a key that does not exist could have been: `did you mean model.name?`, or what is there.
std::string hint_for_unknown(std::string_view key);

/// `value` as it may be shown: no credential of a plugin or in a header field, no password of an
/// address.
std::string shown_value(std::string_view key, std::string_view value);

/// Whether the values of the key are URLs, which may have user and password.
bool is_address(std::string_view key);

/// Where user and password are in such a value: the bytes [begin, end), before the `@`. None of
/// them: begin == end.
struct UserOfAddress {
    std::size_t begin, end;
};
UserOfAddress user_of_address(std::string_view key, std::string_view value);

}  // namespace tenon::config
