#include "host/config/table_views.h"

#include <algorithm>
#include <map>

#include "host/base/untrusted.h"

namespace tenon::config {
namespace {

std::vector<RuleText> rules(const Table& table, std::string_view key) {
    std::vector<RuleText> out;
    for (const Setting& rule : table.list(key))
        out.push_back({rule.value.text, rule.rule_origin, rule.rule_base, rule.rule_home});
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

/// The header fields and the fallback models, with the keys of which families consist.
void take_families(const Table& table, Settings& out) {
    std::map<long, Settings::Model::Fallback> fallbacks;
    for (const auto& [key, values] : table.all()) {
        const std::string& text = values.front().value.text;
        if (const auto header = header_of_key(key)) out.model.headers.emplace_back(*header, text);
        const auto fallback = fallback_key(key);
        if (!fallback) continue;
        auto& model = fallbacks[fallback->number];
        (fallback->member == "provider"  ? model.provider
         : fallback->member == "baseUrl" ? model.base_url
                                         : model.name) = text;
    }
    for (auto& [number, model] : fallbacks) {
        if (model.provider.empty())
            model.provider = out.model.provider == "replay" ? "anthropic" : out.model.provider;
        model.number = number;
        if (model.base_url.empty() && model.provider == out.model.provider)
            model.base_url = out.model.base_url;
        out.model.fallbacks.push_back(std::move(model));
    }
}

/// Where the messages of other rooms need it.
void take_lock_origins(const Locks& locks, Settings& out) {
    const auto origin = [&](std::string_view key) {
        const ConfigLock* lock = locks.on(key);
        return lock == nullptr ? std::string() : lock->origin;
    };
    out.model.name_lock = origin("model.name");
    out.model.base_url_lock = origin("model.baseUrl");
    out.model.ca_lock = origin("model.caFile");
    out.jobs.max_timeout_lock = origin("jobs.maxTimeout");
    out.permissions.allow_lock = origin("permissions.allow");
    out.permissions.ask_lock = origin("permissions.ask");
    out.permissions.mode_lock = origin("permissions.mode");
    if (const ConfigLock* lock = locks.on("plugins.path"))
        out.plugins.path_lock = visible(lock->key) + " is locked by " + lock->origin;
    for (const ConfigLock& lock : locks.all()) {
        if (lock.key == "plugins") out.plugins.grants_locks.emplace("", lock.origin);
        const auto plugin =
            plugin_key(lock.key + (find_any_key(lock.key) != nullptr ? "" : ".grants"));
        if (plugin && plugin->name == "grants")
            out.plugins.grants_locks.emplace(plugin->id, lock.origin);
    }
}

}  // namespace

Settings settings_of(const Table& table) {
    Settings out;
    take_lock_origins(table.locks(), out);
    out.model.ca_variables = table.locks().on("model.caFile") == nullptr &&
                             table.find("model.caFile") == nullptr;  // which may be "system"
    // plan is stricter than dontAsk in all but this: it asks where an ask rule says so.
    const Setting* mode = table.locked_value("permissions.mode");
    out.permissions.may_ask = mode == nullptr || mode->value.text != "dontAsk";
    if (!out.permissions.mode_lock.empty())
        out.permissions.locked_mode = mode == nullptr ? "ask" : mode->value.text;
    for (const auto& [key, values] : table.all()) {
        if (const KeySpec* spec = find_key(key)) {
            if (spec->set != nullptr) spec->set(out, values.front().value);
        } else if (const auto plugin = plugin_key(key)) {
            take_plugin_setting(*plugin, values, out);
        }
    }
    take_families(table, out);
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
    if (const auto notify = table.list("terminal.notify"); !notify.empty()) {
        const auto has = [&](std::string_view way) {
            return std::any_of(notify.begin(), notify.end(),
                               [way](const Setting& one) { return one.value.text == way; });
        };
        out.terminal = {has("bell"), has("osc9")};
    }
    out.permissions.allow = rules(table, "permissions.allow");
    out.permissions.ask = rules(table, "permissions.ask");
    out.permissions.deny = rules(table, "permissions.deny");
    return out;
}

std::vector<ShownSetting> shown_settings(const Table& table) {
    std::vector<ShownSetting> out;
    const auto lock_on = [&](std::string_view key) {
        const ConfigLock* lock = table.locks().on(key);
        return lock == nullptr ? std::string() : lock->origin;
    };
    const auto add = [&](std::string_view key, const Setting& setting) {
        const bool resolved = key == "plugins.path";
        out.push_back({std::string(key),
                       shown_value(key, resolved ? setting.value.text : setting.text),
                       setting.origin,
                       {},
                       lock_on(key)});
    };
    for (const KeySpec& spec : setting_keys()) {
        const auto values = table.list(spec.key);
        for (const Setting& setting : values)
            add(spec.key, setting);
        // What is added to a locked default does not replace it.
        const bool default_holds = is_list(spec) && spec.strictness == Strictness::kMore &&
                                   spec.otherwise != "none" &&
                                   table.is_locked_without_value(spec.key);
        if (values.empty() || default_holds)
            out.push_back({std::string(spec.key),
                           {},
                           "default",
                           // A lock leaves the proxy of the environment out.
                           spec.key == "model.proxy" && table.locks().on(spec.key) != nullptr
                               ? "none"
                               : std::string(spec.otherwise),
                           lock_on(spec.key)});
    }
    const auto is_own = [](const std::string& key) {
        return header_of_key(key) || fallback_key(key) || plugin_key(key);
    };
    for (const auto& [key, values] : table.all()) {
        if (!is_own(key)) continue;
        for (const Setting& setting : values)
            add(key, setting);
    }
    for (const ConfigLock& lock : table.locks().all()) {
        const auto is_shown = [&](const ShownSetting& s) { return is_in_section(s.key, lock.key); };
        if (std::none_of(out.begin(), out.end(), is_shown))
            out.push_back({lock.key, {}, "default", "not set", lock.origin});
    }
    return out;
}

}  // namespace tenon::config
