#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.h"

/// The file beside the user's configuration that holds the rules of the answer `p`, and nothing
/// else: `allowed.properties`, a layer of the user's rank.
namespace tenon::config {

constexpr const char* kRuleFile = "allowed.properties";

/// What adding rules to it means: exactly these lines, at its end.
struct RuleLines {
    std::filesystem::path file;
    std::vector<std::string> lines;  ///< without line ends; none when all rules stand there
    bool operator==(const RuleLines&) const = default;
};

/// The lines that add `rules` to permissions.allow of the file in `folder`, as it is now. A rule of
/// several lines is one line there. The Error says why there can be none: no folder is known, or
/// the file is there and cannot be read or holds something else.
Result<RuleLines> rule_lines(const std::filesystem::path& folder,
                             const std::vector<std::string>& rules);

/// Writes the lines of `rules` that were shown to a person: the file is replaced in one step, with
/// mode 0600; its folder is made when it is missing. On Error nothing was written; so it is when
/// the lines would have to be others by now, since somebody else has added a rule, or while
/// somebody adds one. Does not block on others.
Result<void> add_rule_lines(const std::filesystem::path& folder,
                            const std::vector<std::string>& rules, const RuleLines& shown);

}  // namespace tenon::config
