#pragma once

#include <string>
#include <string_view>

namespace tenon::ui {

/// What an HTML entity (`&amp;`, `&#8212;`, `&#x2014;`) stands for; one that is unknown, or no
/// character, stands for itself. What comes back may be a control: it is still untrusted.
std::string decode_entity(std::string_view entity);

}  // namespace tenon::ui
