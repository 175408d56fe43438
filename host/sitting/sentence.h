#pragma once

#include <string>

namespace tenon::sitting {

/// With a full stop, unless the text ends a sentence already.
std::string with_full_stop(std::string text);
/// The message of an error as a line of its own. A first word that may be a name (`plain.so`,
/// `'7'`) stays as it is. Pure.
std::string sentence(std::string message);

}  // namespace tenon::sitting
