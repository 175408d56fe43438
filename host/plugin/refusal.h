#pragma once

#include <string>

namespace tenon::plugin {

/// Why a file was not used, in words for a person, and what would mend it.
struct Refusal {
    std::string reason;
    std::string remedy;
};

/// What only the plugin's maker can mend.
inline Refusal defect(std::string reason) {
    return {std::move(reason), "tell whoever made the plugin; it has to be built anew"};
}

}  // namespace tenon::plugin
