#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/front_matter/yaml.h"

/// Front matter as its author wrote it, line by line, without the meaning that YAML gives to the
/// values. Pure functions of text.
namespace tenon::front_matter {

/// One key of the outermost mapping.
struct Written {
    std::string key;
    std::string value;               ///< the text on the key's own line
    std::vector<std::string> lines;  ///< the lines that follow it, up to the next key

    /// The value on one line, as it is written.
    [[nodiscard]] std::string text() const;
};

/// The fields in the order of the lines; empty when no line begins with a key. A key begins a line,
/// at the indentation of the first one, and consists of letters, digits, `_`, `-` and `.`. The
/// blank after its colon may be missing.
std::vector<Written> written(std::string_view yaml);

/// The same fields read one by one: a value that is YAML by itself is read as such, any other is
/// the text that is written there (`[a] [b]`, `use: this`, `*`). A list whose items are not YAML is
/// a list of such texts. Of a key given twice the last counts.
Fields read_each(const std::vector<Written>& fields);

}  // namespace tenon::front_matter
