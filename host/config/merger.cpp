#include "host/config/merger.h"

#include <algorithm>
#include <thread>

#include "host/base/untrusted.h"

namespace tenon::config {
namespace {

constexpr KeySpec kPluginFlag{"", Kind::kBoolean,          "",     "", "", 0,
                              1,  FromWorkspace::kNothing, nullptr};

bool is_flag(const PluginKey& key) {
    return key.name == "enabled" || key.name == "isolated";
}

/// Whether keys begin with `key`: an empty XML element of that name says nothing.
bool is_section(const std::string& key) {
    const auto keys = setting_keys();
    return std::any_of(keys.begin(), keys.end(),
                       [&](const KeySpec& s) { return s.key.starts_with(key + "."); }) ||
           plugin_key(key + ".x");
}

std::string default_of(const KeySpec& spec) {
    if (spec.key == "jobs.maxRunning")
        return std::to_string(std::max(4U, 2 * std::thread::hardware_concurrency()));
    return std::string(spec.default_text);
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
        if (!plugin || is_flag(*plugin) || times[entry.key] == 1) continue;
        const int n = ++nth[entry.key];
        entry.key += "." + std::to_string(n);
    }
    return out;
}

}  // namespace

Merger::Merger(std::filesystem::path home, RuleCheck check_rule)
    : home_(std::move(home)), check_rule_(check_rule) {
    for (const KeySpec& spec : setting_keys()) {
        if (const std::string text = default_of(spec); !text.empty())
            set_if_unset(std::string(spec.key), text, "default");
    }
}

void Merger::Pass::problem(const ConfigEntry& entry, const std::string& what) {
    problems.add(entry.origin + ": " + what +
                 (layer.standing == Standing::kFull ? "" : "; it is ignored"));
}

bool Merger::Pass::refuses(const ConfigEntry& entry, const std::string& key,
                           FromWorkspace allowed) {
    if (layer.standing != Standing::kStranger || allowed != FromWorkspace::kNothing) return false;
    if (ignored.insert(key).second) {
        problems.add(entry.origin + ": " + visible(key) +
                     " is ignored: the workspace is not trusted (see 'tenon config trust')");
    }
    return true;
}

void Merger::merge(const Layer& layer, std::vector<std::string>& errors,
                   std::vector<std::string>& warnings) {
    Pass pass{layer, {}, {}, {}, {}};
    for (const ConfigEntry& entry : numbered(layer))
        take(pass, entry);
    take_lists(pass);
    auto problems = std::move(pass.problems).take(layer.file);
    auto& told = layer.standing == Standing::kFull ? errors : warnings;
    told.insert(told.end(), problems.begin(), problems.end());
}

void Merger::take(Pass& pass, const ConfigEntry& entry) {
    if (entry.value.empty() && is_section(entry.key)) return;
    if (const KeySpec* spec = find_key(entry.key); spec != nullptr && spec->kind != Kind::kList) {
        take_scalar(pass, entry, *spec);
        return;
    }
    const ListItem item = list_item(entry.key);
    if (const KeySpec* spec = find_key(item.key); spec != nullptr && spec->kind == Kind::kList) {
        if (!pass.refuses(entry, item.key, spec->from_workspace)) {
            pass.items[item.key].push_back({item.index, entry});
        }
        return;
    }
    if (const auto plugin = plugin_key(entry.key)) {
        take_plugin(pass, entry, *plugin);
        return;
    }
    pass.problem(entry, "unknown key " + in_quotes(entry.key) + "; " + hint_for_unknown(entry.key));
}

void Merger::take_scalar(Pass& pass, const ConfigEntry& entry, const KeySpec& spec) {
    if (pass.refuses(entry, entry.key, spec.from_workspace)) return;
    if (!pass.layer.file.empty() && !pass.seen.insert(entry.key).second) {
        pass.problem(entry, entry.key + " is given twice; allowed: once");
        return;
    }
    auto value = parse_value(spec, entry.value);
    if (!value) {
        pass.problem(entry, entry.key + ": " + value.error().message);
        return;
    }
    const bool bounded = pass.layer.standing == Standing::kStranger &&
                         spec.from_workspace == FromWorkspace::kStricter;
    if (bounded && !stricter(pass, entry, *value)) return;
    effective_[entry.key] = {*std::move(value), entry.value, entry.origin, pass.layer.base};
}

bool Merger::stricter(Pass& pass, const ConfigEntry& entry, const Value& value) const {
    const auto now = effective_.find(entry.key);
    if (now == effective_.end() || value.number < now->second.value.number) return true;
    if (value.number > now->second.value.number) {
        pass.problem(entry, entry.key + ": " + in_quotes(entry.value) + " is less strict than " +
                                in_quotes(now->second.written) +
                                ", and the workspace is not trusted");
    }
    return false;
}

void Merger::take_plugin(Pass& pass, const ConfigEntry& entry, const PluginKey& key) {
    if (pass.refuses(entry, entry.key, FromWorkspace::kNothing)) return;
    Value value{entry.value, 0};
    if (is_flag(key)) {
        if (!pass.layer.file.empty() && !pass.seen.insert(entry.key).second) {
            pass.problem(entry, entry.key + " is given twice; allowed: once");
            return;
        }
        auto flag = parse_value(kPluginFlag, entry.value);
        if (!flag) {
            pass.problem(entry, entry.key + ": " + flag.error().message);
            return;
        }
        value = *std::move(flag);
    }
    effective_[entry.key] = {std::move(value), entry.value, entry.origin, pass.layer.base};
}

void Merger::take_lists(Pass& pass) {
    for (auto& [key, items] : pass.items) {
        std::stable_sort(items.begin(), items.end(),
                         [](const Item& a, const Item& b) { return a.index < b.index; });
        auto& list = lists_[key];
        if (key == "plugins.path")
            list.clear();  // folders are searched in one order, by one layer's word
        for (const Item& item : items) {
            const auto value = parse_value(*find_key(key), item.entry.value);
            if (!value) {
                pass.problem(item.entry, key + ": " + value.error().message);
                continue;
            }
            std::string where =
                pass.layer.file.empty() ? item.entry.origin : pass.layer.file + ": " + key;
            if (where == "-D") where += " " + key;
            // Elsewhere than in a rule, a relative path begins where all the file's paths do.
            const bool is_rule = key.starts_with("permissions.");
            const auto& base = is_rule ? pass.layer.rule_base : pass.layer.base;
            const RuleText rule{value->text, std::move(where), base};
            if (is_rule && !is_readable(pass, rule)) continue;
            list.push_back({rule, item.entry.origin});
        }
        if (list.empty()) lists_.erase(key);
    }
}

/// Whether a permission rule can be read. Told here, where it is known whose rule it is: a
/// project's slip must not keep its user from working.
bool Merger::is_readable(Pass& pass, const RuleText& rule) const {
    if (check_rule_ == nullptr) return true;
    const auto checked = check_rule_(rule, pass.layer.rule_base, home_);
    if (!checked) {
        pass.problems.add(checked.error().message +
                          (pass.layer.standing == Standing::kFull ? "" : "; it is ignored"));
    }
    return checked.ok();
}

bool Merger::set_if_unset(const std::string& key, const std::string& text,
                          const std::string& origin) {
    const auto value = parse_value(*find_key(key), text);
    return value && effective_.try_emplace(key, Effective{*value, text, origin, {}}).second;
}

std::filesystem::path Merger::absolute(const std::string& text,
                                       const std::filesystem::path& base) const {
    return absolute_path(base, expanded(text, home_));
}

std::vector<RuleText> Merger::rules(const char* key) const {
    std::vector<RuleText> out;
    if (const auto list = lists_.find(key); list != lists_.end()) {
        for (const ListValue& item : list->second)
            out.push_back(item.rule);
    }
    return out;
}

void Merger::fill(Settings& settings) const {
    for (const KeySpec& spec : setting_keys()) {
        const auto found = effective_.find(spec.key);
        if (spec.set == nullptr || found == effective_.end()) continue;
        Value value = found->second.value;
        if (spec.kind == Kind::kPath) {
            value.text =
                value.text == spec.choices ? "" : absolute(value.text, found->second.base).string();
        }
        spec.set(settings, value);
    }
    settings.permissions.allow = rules("permissions.allow");
    settings.permissions.ask = rules("permissions.ask");
    settings.permissions.deny = rules("permissions.deny");
    for (const auto& [key, effective] : effective_) {
        const auto plugin = plugin_key(key);
        if (!plugin) continue;
        PluginSettings& of_plugin = settings.plugins.by_id[plugin->id];
        if (plugin->name == "enabled") {
            of_plugin.enabled = effective.value.number != 0;
        } else if (plugin->name == "isolated") {
            of_plugin.isolated = effective.value.number != 0;
        } else {
            of_plugin.own[plugin->name] = effective.written;
        }
    }
}

std::vector<Entry> Merger::paths(const std::string& key) const {
    std::vector<Entry> out;
    if (const auto list = lists_.find(key); list != lists_.end()) {
        for (const ListValue& item : list->second) {
            out.push_back(
                {key, absolute(item.rule.text, item.rule.base).string(), item.origin, {}});
        }
    }
    return out;
}

std::vector<Entry> Merger::entries() const {
    std::vector<Entry> out;
    const auto add = [&](const std::string& key, const Effective& effective) {
        out.push_back({key, shown_value(key, effective.written), effective.origin, {}});
    };
    for (const KeySpec& spec : setting_keys()) {
        const std::string key(spec.key);
        if (key == "plugins.path") continue;
        if (const auto list = lists_.find(key); list != lists_.end()) {
            for (const ListValue& item : list->second)
                out.push_back({key, item.rule.text, item.origin, {}});
        } else if (const auto found = effective_.find(key); found != effective_.end()) {
            add(key, found->second);
        } else {
            out.push_back({key, {}, "default", std::string(spec.otherwise)});
        }
    }
    for (const auto& [key, effective] : effective_) {
        if (plugin_key(key)) add(key, effective);
    }
    return out;
}

}  // namespace tenon::config
