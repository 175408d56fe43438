#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/permission/needs.h"

/// The rules that the answer "always" may add. Pure; thread-safe.
namespace tenon::permission {

struct RuleOffer {
    /// Each is a list of rules that together allow everything in the question. The first allows
    /// nothing else; the second, if there is one, is wider. Never the bare `Bash`.
    std::vector<std::vector<std::string>> choices;
    /// Not empty: why there are no choices, as a sentence.
    std::string remark;
};

/// `unmet`: what the question is about.
RuleOffer offer_for(const std::vector<const Need*>& unmet, const std::filesystem::path& workspace);

/// Whether the command may run its input, as an interpreter does. A rule matches only the words of
/// a command, so it would allow any other input too.
bool may_run_its_input(const shell::Part& part);

/// `Bash(git push *)` for a command whose first words are a program and its sub-command from a
/// fixed list; else nothing. Commands that run other programs or take code as an argument are not
/// on the list.
std::optional<std::string> prefix_rule(const shell::Part& part);

}  // namespace tenon::permission
