#pragma once

#include <string>
#include <vector>

namespace tenon::front_matter {

/// One thing that a model may choose by name.
struct ListedItem {
    std::string label;        ///< stays whole: the name, and where it is
    std::string description;  ///< may be cut
};

/// Lines `- label: description`. All descriptions are cut alike when they do not fit into
/// `max_bytes`; entries that find no room even so are left out, from the first such one on.
struct Listing {
    std::string lines;  ///< each ends in LF
    std::size_t left_out = 0;
};
Listing list(const std::vector<ListedItem>& entries, std::size_t max_bytes);

/// "a, b, c", at most some 2,000 bytes of it and then how many more.
std::string enumerate(const std::vector<std::string>& names);

}  // namespace tenon::front_matter
