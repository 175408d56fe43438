#include "plugins/front_matter/listing.h"

#include "plugins/front_matter/text.h"

namespace tenon::front_matter {
namespace {

constexpr std::size_t kMaxEnumeration = 2'000;

Listing list_cut(const std::vector<ListedItem>& entries, std::size_t max_bytes,
                 std::size_t max_description) {
    Listing listing;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::string line =
            "- " + entries[i].label + ": " + cut(entries[i].description, max_description) + "\n";
        if (listing.lines.size() + line.size() > max_bytes) {
            listing.left_out = entries.size() - i;
            break;
        }
        listing.lines += line;
    }
    return listing;
}

}  // namespace

Listing list(const std::vector<ListedItem>& entries, std::size_t max_bytes) {
    Listing listing;
    for (const std::size_t max_description : {1024, 512, 256, 128, 64}) {
        listing = list_cut(entries, max_bytes, max_description);
        if (listing.left_out == 0) break;
    }
    return listing;
}

std::string enumerate(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!text.empty() && text.size() + names[i].size() > kMaxEnumeration)
            return text + " and " + std::to_string(names.size() - i) + " more";
        text += (text.empty() ? "" : ", ") + names[i];
    }
    return text;
}

}  // namespace tenon::front_matter
