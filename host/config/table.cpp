#include "host/config/table.h"

#include <algorithm>
#include <set>

#include "host/base/untrusted.h"
#include "host/config/config_formats.h"
#include "host/config/places.h"

namespace tenon::config {
namespace {

/// What is known about a key of the host, also about one of `plugins.<id>.`; null: it is none.
const KeySpec* find_any_key(const std::string& key) {
    if (const KeySpec* spec = find_key(key)) return spec;
    const auto plugin = plugin_key(key);
    return plugin ? find_plugin_key(plugin->name) : nullptr;
}

/// Whether keys begin with `key`: an empty XML element of that name sets nothing.
bool is_section(const std::string& key) {
    const auto keys = setting_keys();
    return std::any_of(keys.begin(), keys.end(),
                       [&](const KeySpec& s) { return s.key.starts_with(key + "."); }) ||
           (plugin_key(key + ".x") && find_any_key(key) == nullptr);
}

/// The entries of a file with a plugin's own repeated element as the list that properties would
/// have: `key.1`, `key.2`, ….
std::vector<ConfigEntry> numbered(const Layer& layer) {
    std::map<std::string, int> times;
    for (const ConfigEntry& entry : layer.entries)
        ++times[entry.key];
    std::map<std::string, int> nth;
    std::vector<ConfigEntry> out = layer.entries;
    if (layer.file.empty()) return out;
    for (ConfigEntry& entry : out) {
        const auto plugin = plugin_key(entry.key);
        if (!plugin || find_plugin_key(plugin->name) != nullptr || times[entry.key] == 1) continue;
        const int n = ++nth[entry.key];
        entry.key += "." + std::to_string(n);
    }
    return out;
}

}  // namespace

/// One layer on its way into the table.
class Addition {
public:
    Addition(Table& table, const Layer& layer) : table_(table), layer_(layer) {}

    /// Returns the problems.
    std::vector<std::string> run() &&;

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
    bool is_stricter(const ConfigEntry& entry, const SettingValue& value);
    [[nodiscard]] Setting setting(const ConfigEntry& entry, SettingValue value) const;
    [[nodiscard]] bool is_readable(const Setting& rule);
    void take(const ConfigEntry& entry);
    void take_scalar(const ConfigEntry& entry, const KeySpec& spec);
    void take_plugin(const ConfigEntry& entry, const PluginKey& key);
    void forget_weaker_parts(const std::string& key);
    void take_list(const std::string& key, std::vector<ListItem> items);

    Table& table_;
    const Layer& layer_;
    ProblemList problems_;
    std::set<std::string> seen_;                          // keys that are no lists
    std::set<std::string> own_of_plugins_;                // plugins' own keys that were set
    std::set<std::string> ignored_;                       // reported once a key
    std::map<std::string, std::vector<ListItem>> lists_;  // by key
};

std::vector<std::string> Addition::run() && {
    for (const ConfigEntry& entry : numbered(layer_))
        take(entry);
    for (auto& [key, items] : lists_)
        take_list(key, std::move(items));
    return std::move(problems_).take(layer_.file);
}

void Addition::problem(const ConfigEntry& entry, const std::string& what) {
    problems_.add(entry.origin + ": " + what +
                  (layer_.trust == LayerTrust::kOwn ? "" : "; it is ignored"));
}

/// Whether an untrusted workspace may not set this key; says so once a key.
bool Addition::refuses(const ConfigEntry& entry, const std::string& key, FromWorkspace allowed) {
    if (layer_.trust != LayerTrust::kUntrusted || allowed != FromWorkspace::kNothing) return false;
    if (ignored_.insert(key).second) {
        problems_.add(entry.origin + ": " + visible(key) +
                      " is ignored: the workspace is not trusted (see 'tenon config trust')");
    }
    return true;
}

/// A file may set a key once; a later option replaces an earlier one.
bool Addition::is_repeated(const ConfigEntry& entry) {
    if (layer_.file.empty() || seen_.insert(entry.key).second) return false;
    problem(entry, entry.key + " is given twice; allowed: once");
    return true;
}

std::optional<SettingValue> Addition::value_of(const ConfigEntry& entry, const KeySpec& spec,
                                               const std::string& key) {
    auto value = parse_value(spec, entry.value);
    const bool is_path = spec.type == ValueType::kPath || spec.type == ValueType::kPaths;
    if (layer_.trust == LayerTrust::kBuiltIn) {
        if (!value || is_path) return SettingValue{entry.value, 0};
    } else if (!value) {
        problem(entry, key + ": " + value.error().message);
        return std::nullopt;
    }
    if (spec.type == ValueType::kPath && value->text == spec.choices) {
        value->text.clear();
    } else if (is_path) {
        value->text = absolute_path(layer_.base, expanded(value->text, table_.home_)).string();
    }
    return *std::move(value);
}

bool Addition::is_stricter(const ConfigEntry& entry, const SettingValue& value) {
    const Setting* now = table_.find(entry.key);
    if (now == nullptr || value.number < now->value.number) return true;
    if (value.number > now->value.number) {
        problem(entry, entry.key + ": " + in_quotes(entry.value) + " is less strict than " +
                           in_quotes(now->text) + ", and the workspace is not trusted");
    }
    return false;
}

Setting Addition::setting(const ConfigEntry& entry, SettingValue value) const {
    return {
        std::move(value), entry.value, entry.origin, layer_.trust == LayerTrust::kBuiltIn, {}, {}};
}

/// Whether a permission rule can be read. It is checked here, where its owner is known: a mistake
/// in a project's file must not keep the user from working.
bool Addition::is_readable(const Setting& rule) {
    if (table_.check_rule_ == nullptr) return true;
    const auto checked =
        table_.check_rule_({rule.value.text, rule.rule_origin, rule.rule_base}, table_.home_);
    if (!checked) {
        problems_.add(checked.error().message +
                      (layer_.trust == LayerTrust::kOwn ? "" : "; it is ignored"));
    }
    return checked.ok();
}

void Addition::take(const ConfigEntry& entry) {
    if (entry.value.empty() && is_section(entry.key)) return;
    if (const KeySpec* spec = find_key(entry.key); spec != nullptr && !is_list(*spec))
        return take_scalar(entry, *spec);
    const NumberedKey item = numbered_key(entry.key);
    if (const KeySpec* spec = find_any_key(item.key); spec != nullptr && is_list(*spec)) {
        if (!refuses(entry, item.key, spec->from_workspace))
            lists_[item.key].push_back({item.index, entry});
        return;
    }
    if (const auto plugin = plugin_key(entry.key)) return take_plugin(entry, *plugin);
    problem(entry, "unknown key " + in_quotes(entry.key) + "; " + hint_for_unknown(entry.key));
}

void Addition::take_scalar(const ConfigEntry& entry, const KeySpec& spec) {
    if (refuses(entry, entry.key, spec.from_workspace) || is_repeated(entry)) return;
    auto value = value_of(entry, spec, entry.key);
    if (!value) return;
    const bool bounded =
        layer_.trust == LayerTrust::kUntrusted && spec.from_workspace == FromWorkspace::kStricter;
    if (bounded && !is_stricter(entry, *value)) return;
    table_.settings_[entry.key] = {setting(entry, *std::move(value))};
}

void Addition::take_plugin(const ConfigEntry& entry, const PluginKey& key) {
    if (refuses(entry, entry.key, FromWorkspace::kNothing)) return;
    std::optional<SettingValue> value = SettingValue{entry.value, 0};
    if (const KeySpec* spec = find_plugin_key(key.name)) {
        if (is_repeated(entry)) return;
        value = value_of(entry, *spec, entry.key);
    } else {
        forget_weaker_parts(entry.key);
    }
    if (value) table_.settings_[entry.key] = {setting(entry, *std::move(value))};
}

/// The value of a plugin's own key takes the place of a list or an object that weaker layers have
/// given in parts, as `key.1` or `key.name`.
void Addition::forget_weaker_parts(const std::string& key) {
    own_of_plugins_.insert(key);
    auto& all = table_.settings_;
    const std::string beneath = key + ".";
    for (auto at = all.lower_bound(beneath); at != all.end() && at->first.starts_with(beneath);)
        at = own_of_plugins_.count(at->first) > 0 ? std::next(at) : all.erase(at);
}

void Addition::take_list(const std::string& key, std::vector<ListItem> items) {
    const KeySpec& spec = *find_any_key(key);
    std::stable_sort(items.begin(), items.end(),
                     [](const ListItem& a, const ListItem& b) { return a.index < b.index; });
    std::vector<Setting> list;
    for (const ListItem& item : items) {
        auto value = value_of(item.entry, spec, key);
        if (!value) continue;
        Setting one = setting(item.entry, *std::move(value));
        one.rule_origin = layer_.file.empty() ? one.origin : layer_.file + ": " + key;
        if (one.rule_origin == "-D") one.rule_origin += " " + key;
        one.rule_base = layer_.rule_base;
        if (spec.type == ValueType::kRules && !is_readable(one)) continue;
        list.push_back(std::move(one));
    }
    if (list.empty()) return;
    auto& all = table_.settings_[key];
    // A rule counts wherever it is written. One directory twice would offer its plugins twice.
    const bool is_set = key == "plugins.path" || spec.type == ValueType::kGrants;
    for (Setting& one : list) {
        const auto same = [&](const Setting& s) { return s.value.text == one.value.text; };
        if (!is_set || std::none_of(all.begin(), all.end(), same)) all.push_back(std::move(one));
    }
}

void Table::add(const Layer& layer, std::vector<std::string>& errors,
                std::vector<std::string>& warnings) {
    const auto problems = Addition(*this, layer).run();
    auto& out = layer.trust == LayerTrust::kOwn ? errors : warnings;
    out.insert(out.end(), problems.begin(), problems.end());
}

const Setting* Table::find(std::string_view key) const {
    const auto found = settings_.find(key);
    return found == settings_.end() ? nullptr : &found->second.front();
}

std::span<const Setting> Table::list(std::string_view key) const {
    const auto found = settings_.find(key);
    if (found == settings_.end()) return {};
    return found->second;
}

// ---------------------------------------------------------------- views

namespace {

std::vector<RuleText> rules(const Table& table, std::string_view key) {
    std::vector<RuleText> out;
    for (const Setting& rule : table.list(key))
        out.push_back({rule.value.text, rule.rule_origin, rule.rule_base});
    return out;
}

void take_plugin_setting(const PluginKey& key, const std::vector<Setting>& values, Settings& out) {
    PluginSettings& plugin = out.plugins.by_id[key.id];
    const Setting& first = values.front();
    plugin.origins[key.name] = first.origin;
    if (key.name == "enabled") {
        plugin.enabled = first.value.number != 0;
    } else if (key.name == "isolated") {
        plugin.isolated = first.value.number != 0;
    } else if (key.name == "callTimeout") {
        plugin.call_timeout = milliseconds(first.value.number);
    } else if (key.name == "grants") {
        for (const Setting& grant : values)
            plugin.grants.push_back(grant.value.text);
    } else {
        plugin.own[key.name] = first.text;
    }
}

}  // namespace

Settings settings_of(const Table& table) {
    Settings out;
    for (const auto& [key, values] : table.all()) {
        if (const KeySpec* spec = find_key(key)) {
            if (spec->set != nullptr) spec->set(out, values.front().value);
        } else if (const auto plugin = plugin_key(key)) {
            take_plugin_setting(*plugin, values, out);
        }
    }
    // A proxy of the environment is for https alone, and not for the hosts of NO_PROXY.
    // "none" in the configuration overrides it, and is no host.
    if (const Setting* proxy = table.find("model.proxy")) {
        if (proxy->built_in) {
            out.model.https_proxy = proxy->value.text;
        } else if (proxy->value.text != "none") {
            out.model.proxy = proxy->value.text;
        }
    }
    for (const Setting& folder : table.list("plugins.path"))
        out.plugins.path.emplace_back(folder.value.text);
    out.permissions.allow = rules(table, "permissions.allow");
    out.permissions.ask = rules(table, "permissions.ask");
    out.permissions.deny = rules(table, "permissions.deny");
    return out;
}

std::vector<ShownSetting> shown_settings(const Table& table) {
    std::vector<ShownSetting> out;
    const auto add = [&](std::string_view key, const Setting& setting) {
        const bool resolved = key == "plugins.path";
        out.push_back({std::string(key),
                       shown_value(key, resolved ? setting.value.text : setting.text),
                       setting.origin,
                       {}});
    };
    for (const KeySpec& spec : setting_keys()) {
        const auto values = table.list(spec.key);
        for (const Setting& setting : values)
            add(spec.key, setting);
        if (values.empty())
            out.push_back({std::string(spec.key), {}, "default", std::string(spec.otherwise)});
    }
    for (const auto& [key, values] : table.all()) {
        if (!plugin_key(key)) continue;
        for (const Setting& setting : values)
            add(key, setting);
    }
    return out;
}

}  // namespace tenon::config
