#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/config/config_file.h"
#include "host/config/locks.h"
#include "host/config/settings.h"
#include "host/config/settings_keys.h"

namespace tenon::config {

/// Checks the text of a permission rule. The Error names the rule's origin and says what is wrong.
using RuleCheck = Result<void> (*)(const RuleText& rule);

/// What the settings of a layer may do, and what becomes of a bad one.
enum class LayerTrust {
    kBuiltIn,    ///< defaults, and texts of another form than a file's: they are not checked
    kOwn,        ///< the user's and the machine's: all count, a bad one is an error
    kTrusted,    ///< of a trusted workspace: all count, a bad one is a warning
    kUntrusted,  ///< of another workspace: harmless keys count, the rest are warnings
};

/// The settings of one place: a file, the environment, the options, …
struct Layer {
    LayerTrust trust = LayerTrust::kOwn;
    std::string file;                 ///< empty: no file
    std::filesystem::path base;       ///< where relative paths begin
    std::filesystem::path rule_base;  ///< where a leading "/" of a rule begins
    std::vector<ConfigEntry> entries;
    std::vector<ConfigLock> locks = {};
    bool may_lock = false;  ///< a file of the machine's; elsewhere a lock is a problem
    /// It follows the last of the machine's files: what their locks imply is locked by now.
    bool ends_machine = false;
    /// What a leading `~` stands for; empty: the table's.
    std::filesystem::path home = {};
};

/// A setting in force: one value of a key. A key that is a list has several.
struct Setting {
    SettingValue value;  ///< a path is absolute
    std::string text;    ///< as written
    std::string origin;  ///< "default", "/etc/tenon/tenon.xml:4", "--model", "-D", "TENON_MODEL"
    bool built_in = false;
    /// Of a rule: its origin with the key instead of the line, and where its leading "/" and "~"
    /// begin.
    std::string rule_origin;
    std::filesystem::path rule_base, rule_home;
};

/// Every key that has a value: key -> value, text and origin, put together from layers. Knows what
/// an untrusted workspace may set, and keeps out what would loosen a locked key. Reads no files:
/// where layers come from is not its business.
class Table {
public:
    Table() = default;
    /// `home` is what a leading `~/` of a path stands for, unless its layer says otherwise;
    /// `check_rule` may be null.
    Table(std::filesystem::path home, RuleCheck check_rule)
        : home_(std::move(home)), check_rule_(check_rule) {}

    /// Adds a layer that is stronger than all before it: its values replace theirs; its values of a
    /// list (permission rules, sandbox paths, directories and grants of plugins) are added. A
    /// plugin's own key also replaces the parts `key.1` and `key.name` of weaker layers.
    /// Problems are errors or warnings, see LayerTrust. What the layer locks is locked at the
    /// values that are then in force: no later layer loosens them, and an attempt is a warning.
    void add(const Layer& layer, std::vector<std::string>& errors,
             std::vector<std::string>& warnings);

    /// Takes a default out of a list that is locked. False: the list is not locked, or has no such
    /// default.
    bool leave_out_default(std::string_view key, std::string_view text);

    /// Null: the key has no value.
    [[nodiscard]] const Setting* find(std::string_view key) const;
    /// The values of a list, in order.
    [[nodiscard]] std::span<const Setting> list(std::string_view key) const;
    [[nodiscard]] const auto& all() const { return settings_; }
    [[nodiscard]] const Locks& locks() const { return locks_; }
    /// Whether the key was locked while it had no value, at what is used then. A later lock, at
    /// a value that was added, does not undo that.
    [[nodiscard]] bool is_locked_without_value(std::string_view key) const {
        return locked_without_value_.find(key) != locked_without_value_.end();
    }

    /// The value that a key was locked at; null: it is not locked, or had no value.
    [[nodiscard]] const Setting* locked_value(std::string_view key) const {
        const auto found = locked_values_.find(key);
        return found == locked_values_.end() ? nullptr : &found->second.front();
    }

private:
    friend class Addition;
    using Values = std::map<std::string, std::vector<Setting>, std::less<>>;
    std::filesystem::path home_;
    RuleCheck check_rule_ = nullptr;
    Values settings_;
    Values locked_values_;                             // of locked keys, when they were locked last
    std::set<std::string_view> locked_without_value_;  // of setting_keys(), which are static
    Locks locks_;
};

}  // namespace tenon::config
