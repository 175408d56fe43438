#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/permission/needs.h"

/// The rules that the answer "always" may add. Pure.
namespace tenon::permission {

struct RuleOffer {
    /// Each is a list of rules that together allow everything asked about: exactly this first, then
    /// a wider one, if there is one. Never the bare `Bash`.
    std::vector<std::vector<std::string>> choices;
    /// Not empty: why there is no choice, as a sentence.
    std::string remark;
};

RuleOffer offer_for(const std::vector<const Need*>& open, const std::filesystem::path& workspace);

/// Whether the command may run what it reads, as an interpreter does. A rule holds the words of a
/// command alone and not what it is given, so it would allow any other input as well.
bool may_run_its_input(const shell::Part& part);

/// `Bash(git push *)` for a command whose first words name a program and its sub-command, from a
/// fixed list: whoever runs other programs or takes code as an argument is not on it. Nothing for
/// every other command.
std::optional<std::string> prefix_rule(const shell::Part& part);

}  // namespace tenon::permission
