#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

namespace tenon::shell {

/// Command text that is fully understood: all of it is in the grammar of GRAMMAR.md, beside this
/// file. Allow rules, the list of read-only commands and acceptEdits judge only such text.
struct Understood {
    /// Every command that bash would run, in the order of the text. No part is nested. The words
    /// are literal, or patterns of file names.
    std::vector<Part> parts;
    /// Not empty: why the text is not understood. Then there are no parts.
    std::string unclear;
};

/// Accepts any bytes. Pure; thread-safe; takes linear time. Not responsible for deny rules, which
/// use `parse_script`.
Understood understand(std::string_view text);

}  // namespace tenon::shell
