#pragma once

#include <string>

namespace tenon::plugin {

/// Why a plugin is not used, in words for a person, and what the person can do about it.
struct Refusal {
    std::string reason;
    std::string remedy;
};

/// A defect that only the plugin's author can correct.
inline Refusal defect(std::string reason) {
    return {std::move(reason), "report it to the author of the plugin; it has to be built again"};
}

}  // namespace tenon::plugin
