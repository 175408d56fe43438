#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/config/settings_keys.h"

/// Words about the keys of the configuration, for documents and for completion. Pure functions.
namespace tenon::config {

/// Which values a lock on the key still accepts, as one sentence: "With a lock, only smaller values
/// are accepted."
std::string what_a_lock_accepts(const KeySpec& spec);

/// The beginning of `text` up to its first full stop, without that.
std::string_view first_sentence(std::string_view text);

/// The parts of "a, b, c".
std::vector<std::string_view> listed_choices(std::string_view choices);

}  // namespace tenon::config
