#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/config/settings_keys.h"

/// Words about the keys of the configuration, for documents and for completion. Pure functions.
namespace tenon::config {

/// What a value of the key may be, as the message about a wrong value says it.
std::string allowed_values(const KeySpec& spec);

/// The keys `plugins.<id>.<name>` that the host itself understands; the `key` of each is the name.
std::vector<const KeySpec*> host_keys_of_plugins();

/// The beginning of `text` up to its first full stop, without that.
std::string_view first_sentence(std::string_view text);

/// The parts of "a, b, c".
std::vector<std::string_view> listed_choices(std::string_view choices);

}  // namespace tenon::config
