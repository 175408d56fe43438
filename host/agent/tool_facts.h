#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tenon::agent {

/// How the result of a call is shown to a person.
enum class ResultView {
    kText,
    kNothing,
    kLineCount,
    kCommand,    ///< output of a command, with a line that says how it ended
    kChecklist,  ///< the list in the call's arguments
    kChange,     ///< what the call's arguments do to a file
    kDiff,       ///< the result is a unified diff
};

/// Permission rules that look at a name in a tool's arguments.
enum class NameRules { kNone, kAgent, kSkill };

/// What answers a call that was under way when the host ended.
enum class RecoveredAnswer { kJobEnd, kJobStart, kSubagent };

/// What a tool states about itself: see FACTS OF A TOOL in sdk/include/tenon/plugin.h, which
/// defines each member. An argument is stated by its name; an empty name means that there is no
/// such argument. The defaults hold for a tool that states nothing, and for a call whose tool is
/// unknown.
struct ToolFacts {
    std::optional<std::string> subject = {};
    std::string command = {};
    std::string directory = {};  ///< where `command` runs
    std::vector<std::string> reads = {};
    std::vector<std::string> writes = {};
    std::string pattern = {};
    ResultView result = ResultView::kText;
    std::string items = {};       ///< kChecklist
    std::string before = {};      ///< kChange
    std::string after = {};       ///< kChange
    std::string everywhere = {};  ///< kChange
    bool for_subagents = true;
    bool no_question = false;
    bool conversation_only = false;
    NameRules rules = NameRules::kNone;
    std::string rule_name = {};  ///< the argument that `rules` look at
    RecoveredAnswer recovered = RecoveredAnswer::kJobEnd;

    bool operator==(const ToolFacts&) const = default;
};

}  // namespace tenon::agent
