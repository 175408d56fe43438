#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/shell/script.h"

namespace tenon::shell {

/// Command text that is positively understood: it lies wholly within the grammar of GRAMMAR.md,
/// beside this file. Allow rules, the list of read-only commands and acceptEdits judge nothing
/// else.
struct Understood {
    /// Every command that bash would run, in the order of the text. None is nested. Their words
    /// are literal, or patterns of file names.
    std::vector<Part> parts;
    /// Not empty: the text is not understood, and why. Then there are no parts.
    std::string unclear;
};

/// Takes any bytes. Pure; thread-safe. Takes time in proportion to the text. Not responsible for
/// deny rules, which look at `parse_script`.
Understood understand(std::string_view text);

}  // namespace tenon::shell
