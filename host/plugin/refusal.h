#pragma once

#include <string>

namespace tenon::plugin {

/// Why a plugin is rejected, in words for a person, and what the person can do about it.
struct Refusal {
    std::string reason;
    std::string remedy;
    bool operator==(const Refusal&) const = default;
};

/// The plugin is invalid; only its author can correct that.
inline Refusal invalid_plugin(std::string reason) {
    return {std::move(reason), "report it to the author of the plugin; it has to be built again"};
}

}  // namespace tenon::plugin
