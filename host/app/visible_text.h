#pragma once

#include <string>
#include <string_view>

#include "host/ui/untrusted.h"

/// Foreign text on its way to a person: what could move the cursor, change colours or reorder the
/// line is written as an escape. Pure functions; the bytes may be anything.
namespace tenon::app {

using ui::visible;

/// `"text"`, visible, at most 80 characters of it: for a value inside a message.
std::string in_quotes(std::string_view bytes);

}  // namespace tenon::app
