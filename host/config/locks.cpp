#include "host/config/locks.h"

#include <algorithm>

#include "host/base/untrusted.h"
#include "host/config/settings_keys.h"

namespace tenon::config {

bool is_in_section(std::string_view key, std::string_view section) {
    return key.starts_with(section) && (key.size() == section.size() || key[section.size()] == '.');
}

void Locks::add(const ConfigLock& lock) {
    const auto same = [&](const ConfigLock& known) { return known.key == lock.key; };
    // A list in XML may be final at each of its elements.
    if (std::none_of(locks_.begin(), locks_.end(), same)) locks_.push_back(lock);
}

const ConfigLock* Locks::on(std::string_view key) const {
    const auto found = std::find_if(locks_.begin(), locks_.end(), [&](const ConfigLock& lock) {
        return is_in_section(key, lock.key);
    });
    return found == locks_.end() ? nullptr : &*found;
}

const ConfigLock* Locks::on_or_in(std::string_view key) const {
    const auto found = std::find_if(locks_.begin(), locks_.end(), [&](const ConfigLock& lock) {
        return is_in_section(key, lock.key) || is_in_section(lock.key, key);
    });
    return found == locks_.end() ? nullptr : &*found;
}

std::string refusal_of_lock(const std::string& key) {
    if (find_any_key(key) != nullptr || plugin_key(key)) return {};
    if (!key.empty() && is_section(key)) return {};
    const std::string said = in_quotes(key) + " cannot be final; ";
    if (key.find_first_of(", \t") != std::string::npos)
        return said + "allowed: one key or section; several are written as final.1, final.2, …";
    const NumberedKey item = numbered_key(key);
    if (item.index > 0 && find_any_key(item.key) != nullptr)
        return said + "allowed: the whole of " + item.key;
    if (key.empty()) return said + "allowed: a key, or a section such as permissions";
    return said + hint_for_unknown(key);
}

}  // namespace tenon::config
