#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace tenon::documents {

/// One thing that a table of the program states, as it is written in a manual page.
struct Item {
    std::string name;  ///< as `@more` names it; empty: nothing can be appended
    std::string text;  ///< roff
};

/// What the line `@directive rest` of a template stands for; see pages.h. Error: there is no such
/// directive or command.
Result<std::vector<Item>> items_of(std::string_view directive, const std::string& rest);

}  // namespace tenon::documents
