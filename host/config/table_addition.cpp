#include "host/config/table_addition.h"

#include <algorithm>

#include <Poco/String.h>

#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/config/places.h"
#include "host/config/setting_values.h"

namespace tenon::config {
namespace {

/// Whether two rules of one text are about the same.
bool is_same_rule(const Setting& a, const Setting& b) {
    const auto holds = [&](const char* start) { return a.text.find(start) != std::string::npos; };
    return (a.rule_base == b.rule_base || !holds("(/")) &&
           (a.rule_home == b.rule_home || !holds("(~"));
}

/// The parts of `a, b`; an empty text has one part, which is empty.
std::vector<std::string_view> parts_of_list(std::string_view text) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto comma = std::min(text.find(','), text.size());
        parts.push_back(utf8::trimmed(text.substr(0, comma)));
        if (comma == text.size()) return parts;
        text.remove_prefix(comma + 1);
    }
}

std::string joined(const std::vector<Setting>& list) {
    std::string text;
    for (const Setting& one : list)
        text += (text.empty() ? "" : ", ") + one.value.text;
    return text;
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

Addition::Found Addition::run() && {
    for (ConfigEntry& entry : numbered(layer_))
        take(std::move(entry));
    for (auto& [key, items] : lists_)
        take_list(key, std::move(items));
    // What the layer itself sets is what it locks.
    for (const ConfigLock& lock : layer_.locks)
        take_lock({known_spelling(lock.key), lock.origin});
    if (layer_.ends_machine) {
        lock_the_way_to_a_locked_server();
        lock_other_models();
    }
    // In the user's own files this is an error, when all of them are read.
    if (layer_.trust == LayerTrust::kTrusted) leave_out_nameless_fallbacks();
    return {std::move(problems_).take(layer_.file), std::move(warnings_).take(layer_.file)};
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
        value->text = absolute_path(layer_.base, expanded(value->text, home_)).string();
    } else if (spec.type == ValueType::kGrants && home_ != table_.home_) {
        // Elsewhere it stays as written, and is compared so.
        const auto colon = value->text.find(':') + 1;
        value->text =
            value->text.substr(0, colon) + expanded(value->text.substr(colon), home_).string();
    }
    return *std::move(value);
}

bool Addition::is_stricter(const ConfigEntry& entry, const KeySpec& spec,
                           const SettingValue& value) {
    const Setting* now = table_.find(entry.key);
    if (now == nullptr || is_looser(spec, value, now->value)) return true;
    if (is_looser(spec, now->value, value)) {
        problem(entry, entry.key + ": " + in_quotes(entry.value) + " is less strict than " +
                           in_quotes(now->text) + ", and the workspace is not trusted");
    }
    return false;
}

/// Whether a value is looser than the one that the key was locked at.
bool Addition::is_locked_out(const ConfigEntry& entry, const KeySpec& spec, const std::string& key,
                             const SettingValue& value) {
    const ConfigLock* lock = table_.locks_.on(key);
    if (lock == nullptr) return false;
    const auto locked = table_.locked_values_.find(key);
    std::optional<SettingValue> limit;
    if (locked != table_.locked_values_.end()) {
        limit = locked->second.front().value;
    } else if (const auto usual = parse_value(spec, spec.default_text)) {
        limit = *usual;  // of a plugin's key, which no layer has defaults of
    }
    // Without a value and a default there is no limit yet, or it depends, as for `isolated`.
    const bool is_looser_than_none = spec.strictness == Strictness::kFixed ||
                                     spec.strictness == Strictness::kFewer ||
                                     (spec.strictness == Strictness::kGreater && value.number == 0);
    // An empty text is the default in another word, such as "system".
    const bool is_looser_than_limit =
        limit ? is_looser(spec, *limit, value) : is_looser_than_none && !value.text.empty();
    if (!is_looser_than_limit) return false;
    warn_of_lock(entry, key, *lock);
    return true;
}

/// The same for a plugin's own key: every other value counts as looser.
bool Addition::is_locked_out(const ConfigEntry& entry) {
    const ConfigLock* lock = table_.locks_.on_or_in(entry.key);
    if (lock == nullptr) return false;
    const auto locked = table_.locked_values_.find(entry.key);
    if (locked != table_.locked_values_.end() && locked->second.front().text == entry.value)
        return false;
    warn_of_lock(entry, entry.key, *lock);
    return true;
}

/// Of a part of a plugin's own key, `plugins.x.hosts.1`: what `plugins.x.hosts` is set to. Null: it
/// is no such part, or the whole is not set.
const Setting* Addition::whole_of(std::string_view key) const {
    for (auto dot = key.rfind('.'); dot != std::string_view::npos; dot = key.rfind('.')) {
        key = key.substr(0, dot);
        if (!plugin_key(key)) break;
        if (const Setting* whole = table_.find(key)) return whole;
    }
    return nullptr;
}

void Addition::warn_of_lock(const ConfigEntry& entry, const std::string& key,
                            const ConfigLock& lock) {
    const auto locked = table_.locked_values_.find(key);
    const KeySpec* spec = find_any_key(key);
    const Setting* whole = whole_of(key);
    std::string stays = "the default stays in force";
    if (whole != nullptr) {
        stays = in_quotes(shown_value(key, whole->text)) + ", the whole of it, stays in force";
    } else if (spec != nullptr && is_list(*spec)) {
        stays = "the list stays as it is";
    } else if (locked != table_.locked_values_.end()) {
        stays = in_quotes(shown_value(key, locked->second.front().text)) + " stays in force";
    }
    warnings_.add(entry.origin + ": " + visible(key) + ": " +
                  in_quotes(shown_value(key, entry.value)) + " is left out: " + visible(lock.key) +
                  " is locked by " + lock.origin + "; " + stays);
}

void Addition::take_lock(const ConfigLock& lock) {
    const ConfigEntry entry{lock.key, {}, lock.origin};
    if (!layer_.may_lock)
        return problem(entry, "final: " + in_quotes(lock.key) +
                                  ": only the files of /etc/tenon can lock settings");
    const auto is_it = [&](const ConfigEntry& e) { return e.key == lock.key; };
    if (std::string why = refusal_of_lock(lock.key); !why.empty()) {
        // A key that is set here as well has been reported.
        if (std::none_of(layer_.entries.begin(), layer_.entries.end(), is_it)) problem(entry, why);
        return;
    }
    if (const auto plugin = plugin_key(lock.key)) {
        const auto meant =
            find_any_key(lock.key) == nullptr ? misspelt_plugin_key(plugin->name) : std::nullopt;
        if (meant)
            warnings_.add(lock.origin + ": final: " + visible(lock.key) +
                          " is no key of Tenon; unless the plugin has this key, did you mean "
                          "plugins." +
                          plugin->id + "." + std::string(*meant) + "?");
    }
    table_.locks_.add(lock);
    leave_out_stand_ins(lock);
    for (const KeySpec& spec : setting_keys())
        if (is_in_section(spec.key, lock.key) && table_.find(spec.key) == nullptr)
            table_.locked_without_value_.insert(spec.key);
    for (const auto& [key, values] : table_.settings_)
        if (is_in_section(key, lock.key)) table_.locked_values_[key] = values;
}

/// A lock on `key` is one on `implied`, too.
void Addition::lock_what_follows(const char* key, std::string_view implied) {
    const ConfigLock* found = table_.locks_.on(key);
    if (found == nullptr || table_.locks_.on(implied) != nullptr) return;
    take_lock({std::string(implied), std::string(found->origin)});
}

/// With another certificate authority, and without TLS by any proxy, another server could take the
/// place of the locked one. A gateway may be told by a header field where to pass a request on.
/// Without an address the server is that of the wire format's vendor.
void Addition::lock_the_way_to_a_locked_server() {
    constexpr const char* kUrl = "model.baseUrl";
    if (table_.locks_.on(kUrl) == nullptr) return;
    const Setting* url = table_.find(kUrl);
    lock_what_follows(kUrl, "model.caFile");
    lock_what_follows(kUrl, "model.headers");
    if (url == nullptr) lock_what_follows(kUrl, "model.provider");
    if (url == nullptr || url->value.text.starts_with("https:")) return;
    // HTTPS_PROXY is not for such a server, so leaving it out is not worth a warning.
    if (const Setting* proxy = table_.find("model.proxy"); proxy != nullptr && proxy->built_in)
        table_.settings_.erase("model.proxy");
    lock_what_follows(kUrl, "model.proxy");
}

/// A fallback model is another model, at another server.
void Addition::lock_other_models() {
    for (const char* key : {"model.baseUrl", "model.provider", "model.name"})
        lock_what_follows(key, "model.fallback");
}

/// What a workspace's file says of a fallback model that has no name would keep its user from
/// working.
void Addition::leave_out_nameless_fallbacks() {
    for (const ConfigEntry& entry : layer_.entries) {
        const auto fallback = fallback_key(entry.key);
        if (!fallback) continue;
        const std::string name = name_of_fallback(fallback->number);
        if (table_.find(name) != nullptr) continue;
        problem(entry, entry.key + " has no effect without " + name);
        table_.settings_.erase(entry.key);
    }
}

/// Names of header fields are the same in upper and lower case: the first spelling counts.
std::string Addition::known_spelling(const std::string& key) const {
    if (!header_of_key(key)) return key;
    const auto is_it = [&key](const std::string& other) { return Poco::icompare(key, other) == 0; };
    for (const auto& [other, values] : table_.settings_)
        if (is_it(other)) return other;
    for (const ConfigLock& lock : table_.locks_.all())
        if (is_it(lock.key)) return lock.key;
    return key;
}

/// What the environment or a workspace's .env says where no file says anything is weaker than a
/// file, but no default that could be locked.
void Addition::leave_out_stand_ins(const ConfigLock& lock) {
    auto& all = table_.settings_;
    for (auto at = all.begin(); at != all.end();) {
        const Setting& first = at->second.front();
        const bool is_stand_in = first.built_in && first.origin != "default";
        if (!is_stand_in || !is_in_section(at->first, lock.key)) {
            ++at;
            continue;
        }
        warn_of_lock({at->first, first.text, first.origin}, at->first, lock);
        at = all.erase(at);
    }
}

Setting Addition::setting(const ConfigEntry& entry, SettingValue value) const {
    return {std::move(value),
            entry.value,
            entry.origin,
            layer_.trust == LayerTrust::kBuiltIn,
            {},
            {},
            {}};
}

/// Whether a permission rule can be read. It is checked here, where its owner is known: a mistake
/// in a project's file must not keep the user from working.
bool Addition::is_readable(const Setting& rule) {
    if (table_.check_rule_ == nullptr) return true;
    const auto checked =
        table_.check_rule_({rule.value.text, rule.rule_origin, rule.rule_base, rule.rule_home});
    if (!checked) {
        problems_.add(checked.error().message +
                      (layer_.trust == LayerTrust::kOwn ? "" : "; it is ignored"));
    }
    return checked.ok();
}

void Addition::take(ConfigEntry entry) {
    entry.key = known_spelling(entry.key);
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
    // An option: in a file this is a lock.
    if (item.key == kFinal) return take_lock({entry.value, entry.origin});
    problem(entry, "unknown key " + in_quotes(entry.key) + "; " + hint_for_unknown(entry.key));
}

void Addition::take_scalar(const ConfigEntry& entry, const KeySpec& spec) {
    if (refuses(entry, entry.key, spec.from_workspace) || is_repeated(entry)) return;
    auto value = value_of(entry, spec, entry.key);
    if (!value) return;
    const bool bounded =
        layer_.trust == LayerTrust::kUntrusted && spec.from_workspace == FromWorkspace::kStricter;
    if (bounded && !is_stricter(entry, spec, *value)) return;
    if (is_locked_out(entry, spec, entry.key, *value)) return;
    table_.settings_[entry.key] = {setting(entry, *std::move(value))};
    if (const auto fallback = fallback_key(entry.key); fallback && fallback->member == "name")
        forget_weaker_fallback(fallback->number);
}

/// A file that names a fallback model says all of it. In XML nobody writes its number, and the
/// server of another file's model is not meant.
void Addition::forget_weaker_fallback(long number) {
    if (!layer_.file.empty()) forget_weaker_parts(section_of_fallback(number), seen_);
}

void Addition::take_plugin(const ConfigEntry& entry, const PluginKey& key) {
    if (refuses(entry, entry.key, FromWorkspace::kNothing)) return;
    std::optional<SettingValue> value = SettingValue{entry.value, 0};
    if (const KeySpec* spec = find_plugin_key(key.name)) {
        if (is_repeated(entry)) return;
        value = value_of(entry, *spec, entry.key);
        if (value && is_locked_out(entry, *spec, entry.key, *value)) return;
    } else {
        if (is_locked_out(entry)) return;
        own_of_plugins_.insert(entry.key);
        forget_weaker_parts(entry.key, own_of_plugins_);
    }
    if (value) table_.settings_[entry.key] = {setting(entry, *std::move(value))};
}

/// The value of a plugin's own key takes the place of a list or an object that weaker layers have
/// given in parts, as `key.1` or `key.name`. `own` are the keys that this layer has set.
void Addition::forget_weaker_parts(const std::string& key, const std::set<std::string>& own) {
    auto& all = table_.settings_;
    const std::string beneath = key + ".";
    for (auto at = all.lower_bound(beneath); at != all.end() && at->first.starts_with(beneath);)
        at = own.count(at->first) > 0 ? std::next(at) : all.erase(at);
}

void Addition::take_list(const std::string& key, std::vector<ListItem> items) {
    const KeySpec& spec = *find_any_key(key);
    std::stable_sort(items.begin(), items.end(),
                     [](const ListItem& a, const ListItem& b) { return a.index < b.index; });
    if (spec.type == ValueType::kChoices) return take_choices(key, spec, items);
    std::vector<Setting> list;
    for (const ListItem& item : items) {
        auto value = value_of(item.entry, spec, key);
        if (!value) continue;
        Setting one = setting(item.entry, *std::move(value));
        one.rule_origin = layer_.file.empty() ? one.origin : layer_.file + ": " + key;
        if (one.rule_origin == "-D") one.rule_origin += " " + key;
        one.rule_base = layer_.rule_base;
        one.rule_home = home_;
        if (spec.type == ValueType::kRules && !is_readable(one)) continue;
        list.push_back(std::move(one));
    }
    if (list.empty()) return;
    auto& all = table_.settings_[key];
    // A rule counts wherever it is written. One directory twice would offer its plugins twice.
    const bool is_set = key == "plugins.path" || spec.type == ValueType::kGrants;
    for (Setting& one : list) {
        const auto same = std::find_if(all.begin(), all.end(), [&](const Setting& s) {
            return s.value.text == one.value.text && (is_set || is_same_rule(s, one));
        });
        const bool is_there = same != all.end();
        if (is_there && is_set) {
            // A default that the machine's file names is no mere default: a lock is on it, too.
            if (layer_.may_lock && same->built_in && table_.locks_.on(key) == nullptr)
                *same = std::move(one);
            continue;
        }
        const ConfigEntry entry{key, one.text, one.origin};
        if (!is_there && is_locked_out(entry, spec, key, one.value)) continue;
        all.push_back(std::move(one));
    }
    if (all.empty()) table_.settings_.erase(key);
}

/// A value may hold several of the choices, as the default is written.
void Addition::take_choices(const std::string& key, const KeySpec& spec,
                            const std::vector<ListItem>& items) {
    std::vector<Setting> list;
    for (const ListItem& item : items) {
        for (const std::string_view choice : parts_of_list(item.entry.value)) {
            const ConfigEntry entry{item.entry.key, std::string(choice), item.entry.origin};
            auto value = value_of(entry, spec, key);
            if (!value) return;
            list.push_back(setting(entry, *std::move(value)));
        }
    }
    if (const ConfigLock* lock = table_.locks_.on(key)) {
        const auto locked = table_.locked_values_.find(key);
        const bool same = locked != table_.locked_values_.end()
                              ? joined(list) == joined(locked->second)
                              : joined(list) == spec.default_text;
        if (!same) warn_of_lock(items.front().entry, key, *lock);
        return;
    }
    table_.settings_[key] = std::move(list);
}

}  // namespace tenon::config
