#pragma once

#include <filesystem>
#include <string>

namespace tenon::config {

/// One permission rule as it was written, and where.
struct RuleText {
    std::string text;
    std::string origin;  ///< "/home/x/.config/tenon/tenon.xml: permissions.allow", "--allow"
    /// The directory that a leading "/" of a path pattern stands for; empty: the workspace.
    std::filesystem::path base;
    /// What a leading "~" of one stands for; empty: the user's $HOME.
    std::filesystem::path home = {};
};

}  // namespace tenon::config
