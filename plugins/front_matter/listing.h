#pragma once

#include <string>
#include <vector>

namespace tenon::front_matter {

/// One item that a model may choose by name.
struct ListedItem {
    std::string label;        ///< the name and its place; never cut
    std::string description;  ///< may be cut
};

/// Lines `- label: description`. When they do not fit into `max_bytes`, all descriptions are cut to
/// one length; if that is not enough, the last items are left out.
struct Listing {
    std::string lines;  ///< each ends in LF
    std::size_t left_out = 0;
};
Listing list(const std::vector<ListedItem>& entries, std::size_t max_bytes);

/// "a, b, c", at most some 2,000 bytes, then how many names follow.
std::string enumerate(const std::vector<std::string>& names);

}  // namespace tenon::front_matter
