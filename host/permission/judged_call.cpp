#include "host/permission/judged_call.h"

#include <algorithm>

#include "host/base/tilde.h"
#include "host/permission/part_judge.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

RuleSubject subject_of(agent::NameRules rules) {
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

/// The paths in an argument: its text, or each text of a list. Without the argument: the workspace.
std::vector<std::string> paths_in(const Json& input, const std::string& argument) {
    const Json& value = member(input, argument);
    if (value.is_array()) return strings_in(value);
    return {string_or(input, argument, ".")};
}

/// The directory part before the first wildcard of a file name pattern, if the pattern can leave
/// the directory that is searched; else empty.
std::string_view literal_beginning(std::string_view pattern) {
    if (pattern.substr(0, 1) != "/" && pattern.find("..") == std::string_view::npos) return {};
    pattern = pattern.substr(0, pattern.find_first_of("*?[{"));
    return pattern.substr(0, pattern.rfind('/') + 1);
}

}  // namespace

/// The directory that the host starts a command in: `~` is the home directory.
fs::path RuleGate::directory_of(std::string_view cwd) const {
    return normalised(expanded(fs::path(cwd), bases_.home), bases_.workspace);
}

RuleGate::Verdict RuleGate::judge(const agent::ToolSpec& tool, const agent::ToolCall& call,
                                  std::stop_token stop, std::string_view on_behalf_of,
                                  const agent::Turn& turn) {
    JudgedCall judged = judged_call(tool, call, on_behalf_of);
    judged.turn = turn;
    return decide(judged, stop);
}

std::string RuleGate::denial_of_own(const agent::ToolSpec& tool,
                                    const agent::ToolCall& call) const {
    return denial(judged_call(tool, call, {})).value_or("");
}

JudgedCall RuleGate::judged_call(const agent::ToolSpec& tool, const agent::ToolCall& call,
                                 std::string_view on_behalf_of) const {
    JudgedCall judged;
    judged.who = judged.tool = tool.name;
    judged.subagent = on_behalf_of;
    judged.input = call.input;
    judged.first_party = tool.first_party;
    judged.read_only = tool.first_party && tool.read_only;
    if (!on_behalf_of.empty()) judged.who.append(" of ").append(on_behalf_of);
    add_needs_of_facts(judged, tool);
    return judged;
}

void RuleGate::add_needs_of_facts(JudgedCall& judged, const agent::ToolSpec& tool) const {
    const agent::ToolFacts& facts = tool.facts;
    if (!facts.command.empty()) {
        judged.cwd = directory_of(string_or(judged.input, facts.directory));
        add_command_needs(judged, string_or(judged.input, facts.command));
    }
    for (Need& need : path_needs(tool, judged.input)) {
        judged.possible.push_back(need);
        judged.required.push_back(std::move(need));
    }
    if (!facts.writes.empty()) judged.read_only = false;
    if (tool.first_party) {
        judged.shown = facts;
        judged.conversation_only = facts.conversation_only;
        judged.unquestioned = facts.no_question || facts.conversation_only;
    }
    const RuleSubject rules = tool.first_party ? subject_of(facts.rules) : RuleSubject::kTool;
    if (tool.first_party && !judged.required.empty() && rules == RuleSubject::kTool) return;
    // A third-party tool can only be allowed as a whole: its own facts must not spare the question.
    if (!tool.first_party) judged.required.clear();
    Need need;
    need.tool = tool.name;
    need.rules = rules;
    need.name = string_or(judged.input, facts.rule_name);
    judged.possible.push_back(need);
    judged.required.push_back(std::move(need));
}

std::vector<Need> RuleGate::path_needs(const agent::ToolSpec& tool, const Json& input) const {
    std::vector<Need> needs;
    const auto add = [&](NeedKind kind, std::string_view path) {
        for (Need& need : needs_of_path(tool.name, kind, path, bases_, roots_))
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
    add_command_needs(judged, command);
    return decide(judged, stop);
}

RuleGate::Verdict RuleGate::judge_edit(std::string_view who, const fs::path& path,
                                       std::stop_token stop) {
    JudgedCall judged;
    judged.who = judged.tool = who;
    judged.by_host = true;
    judged.input = {{"path", path.string()}};
    judged.shown.subject = "{path}";
    judged.required = needs_of_path({}, NeedKind::kEdit, path.native(), bases_, roots_);
    judged.possible = judged.required;
    return decide(judged, stop);
}

RuleGate::Verdict RuleGate::judge_subagent(std::string_view who, const agent::ToolSpec& as_tool,
                                           const Json& task, std::stop_token stop) {
    JudgedCall judged;
    judged.who = "a subagent of the plugin " + std::string(who);
    judged.tool = as_tool.name;
    judged.input = task;
    judged.shown.subject = as_tool.facts.subject;
    Need need;
    need.tool = as_tool.name;
    need.rules = subject_of(as_tool.facts.rules);
    need.name = string_or(task, as_tool.facts.rule_name);
    judged.possible.push_back(need);
    judged.required.push_back(std::move(need));
    return decide(judged, stop);
}

void RuleGate::add_command_needs(JudgedCall& judged, std::string_view command) const {
    CommandNeeds found = needs_of_command(judged.tool, command, judged.cwd,
                                          {bases_, roots_, environment_, path_rules_});
    judged.possible = std::move(found.possible);
    judged.required = std::move(found.required);
    judged.parse_failure = std::move(found.parse_failure);
    if (mode() != PermissionMode::kBypassPermissions) judge_parts(judged, found);
    judged.read_only =
        judged.first_party && config_.read_only_commands && !judged.required.empty() &&
        std::all_of(judged.required.begin(), judged.required.end(), [](const Need& need) {
            return need.read_only || (need.kind == NeedKind::kRead && need.inside);
        });
}

/// Judges the parts of a command by the files that they name. A part is not judged where a rule or
/// the mode decides anyway.
void RuleGate::judge_parts(JudgedCall& judged, const CommandNeeds& command) const {
    const Restrictions restrictions{
        [this](const fs::path& path) { return is_restricted(RuleSubject::kRead, path); },
        [this](const fs::path& path) { return is_restricted(RuleSubject::kEdit, path); },
        [this](const fs::path& path) {
            const auto hit = [&](const Rule& rule) {
                return rule.subject() == RuleSubject::kRead && rule.may_match_beneath(path);
            };
            return std::any_of(rules_.deny.begin(), rules_.deny.end(), hit) ||
                   std::any_of(rules_.ask.begin(), rules_.ask.end(), hit);
        }};
    const PartJudge judge(command, bases_.home, roots_, environment_, restrictions);
    std::vector<bool> was_judged(judged.required.size(), false);
    for (std::size_t i = 0; i < command.parts.size(); ++i) {
        const std::size_t at = command.need_of_part[i];
        if (at == shell::Part::kNone || was_judged[at]) continue;
        was_judged[at] = true;
        for (Need& need : judge.protected_changes(i))
            judged.required.push_back(std::move(need));
        Need& need = judged.required[at];
        if (!judged.first_party || (mode() != PermissionMode::kPlan && is_allowed_by_rule(need)))
            continue;
        need.read_only = config_.read_only_commands && judge.why_not_read_only(i).empty();
        need.file_command =
            mode() == PermissionMode::kAcceptEdits && judge.why_not_file_command(i).empty();
    }
}

}  // namespace tenon::permission
