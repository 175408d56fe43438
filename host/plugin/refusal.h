#pragma once

#include <string>

namespace tenon::plugin {

/// Why a plugin is rejected, in words for a person, and what the person can do about it.
struct Refusal {
    std::string reason;
    std::string remedy;
    bool operator==(const Refusal&) const = default;
};

/// Remedies for the user of a plugin that mean nothing to its author.
inline constexpr const char* kReportIt =
    "report it to the author of the plugin; it has to be built again";
inline constexpr const char* kRemoveIt =
    "remove the file from the plugins directory, or build it with the Tenon SDK";
inline constexpr const char* kReportUnknownNeed =
    "use a version of Tenon that knows it, or report it to the author of the plugin";

/// The plugin is invalid; only its author can correct that.
inline Refusal invalid_plugin(std::string reason) {
    return {std::move(reason), kReportIt};
}

/// What the author of the plugin can do about it.
inline std::string remedy_for_author(const Refusal& refusal) {
    if (refusal.remedy == kReportIt) return "correct that in the plugin, and build it again";
    if (refusal.remedy == kRemoveIt)
        return "name a plugin that is built with the Tenon SDK: TENON_PLUGIN_NOTE writes the note";
    if (refusal.remedy == kReportUnknownNeed)
        return "state only needs that the SDK's README lists, or use a version of Tenon that "
               "knows this one";
    return refusal.remedy;
}

}  // namespace tenon::plugin
