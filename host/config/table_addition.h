#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/config_formats.h"
#include "host/config/table.h"

namespace tenon::config {

/// One layer on its way into the table (Table::add). Used once.
class Addition {
public:
    Addition(Table& table, const Layer& layer)
        : table_(table), layer_(layer), home_(layer.home.empty() ? table.home_ : layer.home) {}

    struct Found {
        std::vector<std::string> problems, warnings;
    };
    Found run() &&;

private:
    struct ListItem {
        long index;
        ConfigEntry entry;
    };

    void problem(const ConfigEntry& entry, const std::string& what);
    bool refuses(const ConfigEntry& entry, const std::string& key, FromWorkspace allowed);
    bool is_repeated(const ConfigEntry& entry);
    std::optional<SettingValue> value_of(const ConfigEntry& entry, const KeySpec& spec,
                                         const std::string& key);
    bool is_stricter(const ConfigEntry& entry, const KeySpec& spec, const SettingValue& value);
    bool is_locked_out(const ConfigEntry& entry, const KeySpec& spec, const std::string& key,
                       const SettingValue& value);
    bool is_locked_out(const ConfigEntry& entry);
    [[nodiscard]] const Setting* whole_of(std::string_view key) const;
    void warn_of_lock(const ConfigEntry& entry, const std::string& key, const ConfigLock& lock);
    void take_lock(const ConfigLock& lock);
    void lock_what_follows(const char* key, std::string_view implied);
    void lock_the_way_to_a_locked_server();
    void lock_other_models();
    void leave_out_nameless_fallbacks();
    [[nodiscard]] std::string known_spelling(const std::string& key) const;
    void leave_out_stand_ins(const ConfigLock& lock);
    [[nodiscard]] Setting setting(const ConfigEntry& entry, SettingValue value) const;
    [[nodiscard]] bool is_readable(const Setting& rule);
    void take(ConfigEntry entry);
    void take_scalar(const ConfigEntry& entry, const KeySpec& spec);
    void forget_weaker_fallback(long number);
    void take_plugin(const ConfigEntry& entry, const PluginKey& key);
    void forget_weaker_parts(const std::string& key, const std::set<std::string>& own);
    void take_list(const std::string& key, std::vector<ListItem> items);
    void take_choices(const std::string& key, const KeySpec& spec,
                      const std::vector<ListItem>& items);

    Table& table_;
    const Layer& layer_;
    const std::filesystem::path home_;
    ProblemList problems_, warnings_;
    std::set<std::string> seen_;                          // keys that are no lists
    std::set<std::string> own_of_plugins_;                // plugins' own keys that were set
    std::set<std::string> ignored_;                       // reported once a key
    std::map<std::string, std::vector<ListItem>> lists_;  // by key
};

}  // namespace tenon::config
