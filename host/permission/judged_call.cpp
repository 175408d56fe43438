#include "host/permission/judged_call.h"

#include <algorithm>

#include "host/base/tilde.h"
#include "host/permission/part_judge.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

RuleSubject rule_kind(agent::NameRules rules) {
    switch (rules) {
        case agent::NameRules::kAgent:
            return RuleSubject::kAgent;
        case agent::NameRules::kSkill:
            return RuleSubject::kSkill;
        case agent::NameRules::kNone:
            break;
    }
    return RuleSubject::kTool;
}

/// The paths that an argument holds: its text, or each text of a list. A missing one is the
/// workspace.
std::vector<std::string> paths_in(const Json& input, const std::string& argument) {
    const Json& value = member(input, argument);
    if (value.is_array()) return strings_in(value);
    return {string_or(input, argument, ".")};
}

/// What a pattern of file names starts with when it leaves the folder it is asked in.
std::string_view literal_beginning(std::string_view pattern) {
    if (pattern.substr(0, 1) != "/" && pattern.find("..") == std::string_view::npos) return {};
    pattern = pattern.substr(0, pattern.find_first_of("*?[{"));
    return pattern.substr(0, pattern.rfind('/') + 1);
}

}  // namespace

/// Where a command runs, as the host starts it: `~` is the home directory.
fs::path RuleGate::directory_of(std::string_view cwd) const {
    return normalised(expanded(fs::path(cwd), places_.home), places_.workspace);
}

RuleGate::Verdict RuleGate::judge(const agent::ToolSpec& tool, const agent::ToolCall& call,
                                  std::stop_token stop, std::string_view on_behalf_of) {
    JudgedCall judged;
    judged.who = judged.tool = tool.name;
    judged.subagent = on_behalf_of;
    judged.input = call.input;
    judged.first_party = tool.first_party;
    judged.read_only = tool.first_party && tool.read_only;
    if (!on_behalf_of.empty()) judged.who.append(" of ").append(on_behalf_of);
    judge_facts(judged, tool);
    return decide(judged, stop);
}

/// Fills in what the call does, as the tool's facts say.
void RuleGate::judge_facts(JudgedCall& judged, const agent::ToolSpec& tool) const {
    const agent::ToolFacts& facts = tool.facts;
    if (!facts.command.empty()) {
        judged.cwd = directory_of(string_or(judged.input, facts.directory));
        take_apart(judged, string_or(judged.input, facts.command));
    }
    for (Need& need : path_needs(tool, judged.input)) {
        judged.seen.push_back(need);
        judged.needs.push_back(std::move(need));
    }
    if (!facts.writes.empty()) judged.read_only = false;
    if (tool.first_party) {
        judged.shown = facts;
        judged.conversation_only = facts.conversation_only;
        judged.unquestioned = facts.no_question || facts.conversation_only;
    }
    const RuleSubject rules = tool.first_party ? rule_kind(facts.rules) : RuleSubject::kTool;
    if (tool.first_party && !judged.needs.empty() && rules == RuleSubject::kTool) return;
    // Of a third-party tool only its use as a whole is ever allowed, so that its facts cannot spare
    // the question.
    if (!tool.first_party) judged.needs.clear();
    Need need;
    need.tool = tool.name;
    need.rules = rules;
    need.name = string_or(judged.input, facts.rule_name);
    judged.seen.push_back(need);
    judged.needs.push_back(std::move(need));
}

std::vector<Need> RuleGate::path_needs(const agent::ToolSpec& tool, const Json& input) const {
    std::vector<Need> needs;
    const auto add = [&](NeedKind kind, std::string_view path) {
        for (Need& need : needs_of_path(tool.name, kind, path, places_, roots_))
            needs.push_back(std::move(need));
    };
    for (const std::string& argument : tool.facts.reads)
        for (const std::string& path : paths_in(input, argument))
            add(NeedKind::kRead, path);
    for (const std::string& argument : tool.facts.writes)
        for (const std::string& path : paths_in(input, argument))
            add(NeedKind::kEdit, path);
    const std::string pattern = string_or(input, tool.facts.pattern);
    if (const auto start = literal_beginning(pattern); !start.empty()) {
        const std::string folder =
            tool.facts.reads.empty() ? "." : string_or(input, tool.facts.reads.front(), ".");
        add(NeedKind::kRead,
            start[0] == '/' ? std::string(start) : folder + "/" + std::string(start));
    }
    return needs;
}

RuleGate::Verdict RuleGate::judge_command(std::string_view who, std::string_view command,
                                          std::string_view cwd, std::stop_token stop,
                                          std::string_view as_tool) {
    JudgedCall judged;
    judged.who = who;
    judged.tool = as_tool;
    judged.input = {{"command", std::string(command)}};
    judged.shown.command = "command";
    judged.shown.directory = "cwd";
    judged.cwd = directory_of(cwd);
    if (!cwd.empty()) judged.input["cwd"] = std::string(cwd);
    take_apart(judged, command);
    return decide(judged, stop);
}

void RuleGate::take_apart(JudgedCall& judged, std::string_view command) const {
    CommandNeeds found = needs_of_command(judged.tool, command, judged.cwd,
                                          {places_, roots_, environment_, path_rules_});
    judged.seen = std::move(found.seen);
    judged.needs = std::move(found.open);
    judged.failed = std::move(found.failed);
    if (config_.mode != PermissionMode::kBypassPermissions) study(judged, found);
    judged.read_only = judged.first_party && config_.read_only_commands && !judged.needs.empty() &&
                       std::all_of(judged.needs.begin(), judged.needs.end(), [](const Need& need) {
                           return need.read_only || (need.kind == NeedKind::kRead && need.inside);
                       });
}

/// Looks at the files that the parts of a command name, where that matters.
void RuleGate::study(JudgedCall& judged, const CommandNeeds& command) const {
    const Restrictions restrictions{
        [this](const fs::path& path) { return restricted(RuleSubject::kRead, path); },
        [this](const fs::path& path) { return restricted(RuleSubject::kEdit, path); },
        [this](const fs::path& path) {
            const auto hit = [&](const Rule& rule) {
                return rule.subject() == RuleSubject::kRead && rule.may_match_beneath(path);
            };
            return std::any_of(rules_.deny.begin(), rules_.deny.end(), hit) ||
                   std::any_of(rules_.ask.begin(), rules_.ask.end(), hit);
        }};
    const PartJudge judge(command, places_, roots_, environment_, restrictions);
    std::vector<bool> studied(judged.needs.size(), false);
    for (std::size_t i = 0; i < command.parts.size(); ++i) {
        const std::size_t at = command.need_of_part[i];
        if (at == shell::Part::kNone || studied[at]) continue;
        studied[at] = true;
        for (Need& need : judge.protected_changes(i))
            judged.needs.push_back(std::move(need));
        Need& need = judged.needs[at];
        if (!judged.first_party || (config_.mode != PermissionMode::kPlan && by_rule(need)))
            continue;
        need.read_only = config_.read_only_commands && judge.why_not_read_only(i).empty();
        need.file_command =
            config_.mode == PermissionMode::kAcceptEdits && judge.why_not_file_command(i).empty();
    }
}

}  // namespace tenon::permission
