#pragma once

#include <string>
#include <vector>

#include "host/config/table.h"

/// The table in the forms that others read.
namespace tenon::config {

/// The table as plain values. Sandbox paths and what is no key (workspace, state, …) are not
/// filled in.
Settings settings_of(const Table& table);

/// One line of `tenon config show`.
struct ShownSetting {
    std::string key;
    std::string value;      ///< as it was written, without credentials; empty: there is none
    std::string origin;     ///< see Setting
    std::string otherwise;  ///< what is used while there is no value, for people
    std::string lock;       ///< the origin of its lock; empty: it is not locked
};

/// Every key in the documented order, a list's once for each value; then header fields, fallback
/// models and plugins' own keys, also what is locked there and has no value.
std::vector<ShownSetting> shown_settings(const Table& table);

}  // namespace tenon::config
