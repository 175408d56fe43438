#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/config/config_file.h"

namespace tenon::config {

/// What the machine's files have made final, in the order of the layers. A lock on a section is one
/// on every key in it. Which values a lock keeps out is the business of the table (table.h).
class Locks {
public:
    void add(const ConfigLock& lock);

    /// The first lock on this key or on a section that it is in; null: there is none.
    [[nodiscard]] const ConfigLock* on(std::string_view key) const;
    /// The same, also a lock on something in the key, which may be an object with parts.
    [[nodiscard]] const ConfigLock* on_or_in(std::string_view key) const;
    [[nodiscard]] const std::vector<ConfigLock>& all() const { return locks_; }

private:
    std::vector<ConfigLock> locks_;
};

/// Whether `key` is `section` or is in it: `model.retry.maxElapsed` is in `model`.
bool is_in_section(std::string_view key, std::string_view section);

/// Why nothing can be locked by this name, as the end of a message; empty: it can.
std::string refusal_of_lock(const std::string& key);

}  // namespace tenon::config
