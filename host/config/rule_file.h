#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"

/// The file beside the user's configuration that holds the rules of the answer `p`, and nothing
/// else: `allowed.properties`, a layer of the user's rank.
namespace tenon::config {

constexpr const char* kRuleFile = "allowed.properties";

/// Lines to be added at the end of the rule file.
struct RuleLines {
    std::filesystem::path file;
    std::vector<std::string> lines;  ///< without line ends; none: the file has all rules
    bool operator==(const RuleLines&) const = default;
};

/// The lines that add `rules` to permissions.allow of the file in `folder`, as it is now. A rule of
/// several lines is one line there. The Error says why that is not possible: no folder is
/// known, or the file exists and cannot be read or holds something else.
Result<RuleLines> rule_lines(const std::filesystem::path& folder,
                             const std::vector<std::string>& rules);

/// Writes the lines of `rules` that were shown to a person. The file is replaced atomically, with
/// mode 0600; its folder is made when it is missing. On Error nothing was written. It is an Error
/// when the lines would no longer be those that were shown, since another process has added a rule,
/// and while another process adds one. Does not wait for other processes.
Result<void> add_rule_lines(const std::filesystem::path& folder,
                            const std::vector<std::string>& rules, const RuleLines& shown);

}  // namespace tenon::config
