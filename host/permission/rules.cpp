#include "host/permission/rules.h"

#include <algorithm>
#include <array>

#include "host/base/ids.h"
#include "host/base/nearest.h"

namespace tenon::permission {
namespace {

struct RuleWord {
    std::string_view name;
    RuleSubject subject;
};

constexpr std::array<RuleWord, 5> kRuleWords = {{
    {"Bash", RuleSubject::kBash},
    {"Read", RuleSubject::kRead},
    {"Edit", RuleSubject::kEdit},
    {"Agent", RuleSubject::kAgent},
    {"Skill", RuleSubject::kSkill},
}};

/// Names that other agents use in such rules, with ours.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kForeign = {{
    {"Write", "Edit"},
    {"MultiEdit", "Edit"},
    {"NotebookEdit", "Edit"},
    {"Glob", "Read"},
    {"Grep", "Read"},
    {"LS", "Read"},
    {"Task", "Agent"},
}};

const RuleWord* rule_word(std::string_view name) {
    const auto* found = std::find_if(kRuleWords.begin(), kRuleWords.end(),
                                     [&](const RuleWord& f) { return f.name == name; });
    return found == kRuleWords.end() ? nullptr : found;
}

bool is_mcp_name(std::string_view name) {
    if (name.substr(0, 5) != "mcp__" || name.size() == 5) return false;
    if (name.back() == '*') name.remove_suffix(1);
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    });
}

bool covers_mcp(std::string_view rule, std::string_view tool) {
    if (rule.back() == '*')
        return tool.substr(0, rule.size() - 1) == rule.substr(0, rule.size() - 1);
    if (tool == rule) return true;
    // mcp__server stands for all its tools.
    return rule.substr(5).find("__") == std::string_view::npos && tool.size() > rule.size() + 2 &&
           tool.substr(0, rule.size()) == rule && tool.substr(rule.size(), 2) == "__";
}

std::string unknown_tool(std::string_view name) {
    for (const auto& [foreign, ours] : kForeign)
        if (foreign == name)
            return "unknown tool '" + std::string(name) + "': use " + std::string(ours);
    const bool has_capitals =
        std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return "unknown tool '" + std::string(name) +
           "': a rule begins with Bash, Read, Edit, Agent, Skill or the name of a tool" +
           (has_capitals ? ", which has small letters only" : "");
}

/// What was meant by the name of a tool that nobody has.
std::string hint_for_tool(const std::string& name, const std::vector<std::string_view>& tools,
                          const ToolsOfPlugins& plugins) {
    if (const auto plugin = plugins.find(name); plugin != plugins.end()) {
        std::string listed;
        for (const std::string& tool : plugin->second)
            listed += (listed.empty() ? "" : ", ") + tool;
        return "; it is the name of a plugin, and rules name its tools: " +
               (listed.empty() ? "it has none" : listed);
    }
    const auto meant = nearest(name, tools);
    return meant ? "; did you mean " + std::string(*meant) + "?" : "";
}

/// What to write instead of `tool(…)`.
std::string without_specifier(const std::string& tool) {
    const auto small_of = [](std::string_view word) {
        return static_cast<char>(word[0] - 'A' + 'a') + std::string(word.substr(1));
    };
    for (const RuleWord& word : kRuleWords)
        if (small_of(word.name) == tool) return "write " + std::string(word.name) + "(…)";
    return "the rule is about all calls of this tool; write " + tool;
}

std::string_view without_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// The two parts of a rule; without parentheses there is no specifier.
struct RuleParts {
    std::string_view name;
    std::optional<std::string_view> specifier;
};

Result<RuleParts> parts_of_rule(std::string_view text) {
    const auto open = text.find('(');
    if (text.empty()) return Error{"it is empty"};
    if (open == std::string_view::npos) {
        if (text.find(')') != std::string_view::npos) return Error{"')' without '('"};
        return RuleParts{text, std::nullopt};
    }
    if (text.back() != ')') return Error{"it must end with ')'"};
    const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
    if (without_blanks(inside).empty()) return Error{"nothing stands between the parentheses"};
    return RuleParts{text.substr(0, open), inside};
}

}  // namespace

TextPattern::TextPattern(std::string_view text) : text_(text) {
    std::string pattern(text);
    if (pattern.size() > 2 && pattern.substr(pattern.size() - 2) == ":*")
        pattern.replace(pattern.size() - 2, 2, " *");
    pieces_.emplace_back();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool escapes = pattern[i] == '\\' && i + 1 < pattern.size() &&
                             (pattern[i + 1] == '*' || pattern[i + 1] == '\\');
        if (escapes) {
            pieces_.back() += pattern[++i];
        } else if (pattern[i] == '*') {
            pieces_.emplace_back();
        } else {
            pieces_.back() += pattern[i];
        }
    }
    const std::string& before = pieces_[pieces_.size() > 1 ? pieces_.size() - 2 : 0];
    optional_tail_ =
        pieces_.size() > 1 && pieces_.back().empty() && before.size() > 1 && before.back() == ' ';
}

bool TextPattern::matches_pieces(std::string_view text) const {
    if (pieces_.size() == 1) return text == pieces_[0];
    const std::string_view first = pieces_.front();
    const std::string_view last = pieces_.back();
    if (text.size() < first.size() + last.size() || text.substr(0, first.size()) != first)
        return false;
    if (text.substr(text.size() - last.size()) != last) return false;
    text.remove_prefix(first.size());
    text.remove_suffix(last.size());
    for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
        const auto at = text.find(pieces_[i]);
        if (at == std::string_view::npos) return false;
        text.remove_prefix(at + pieces_[i].size());
    }
    return true;
}

bool TextPattern::matches(std::string_view text) const {
    if (text == text_) return true;
    // Most rules are about another command, which the first letters show.
    const std::size_t common = std::min(text.size(), pieces_.front().size());
    if (text.compare(0, common, pieces_.front(), 0, common) != 0) return false;
    if (matches_pieces(text)) return true;
    // "npm *" matches "npm" too: with a blank added it is like any other text.
    return optional_tail_ && matches_pieces(std::string(text) + " ");
}

std::string TextPattern::quote(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '*' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

Result<Rule> Rule::parse(const config::RuleText& text, const BaseDirectories& bases) {
    const auto refuse = [&text](const std::string& why) {
        return Error{text.origin + ": rule '" + text.text + "': " + why};
    };
    Rule rule;
    rule.written_ = text;
    rule.written_.text = without_blanks(text.text);
    const auto parts = parts_of_rule(rule.written_.text);
    if (!parts) return refuse(parts.error().message);
    rule.tool_ = parts->name;
    const RuleWord* word = rule_word(parts->name);
    if (word == nullptr) {
        if (!is_tool_name(rule.tool_) && !is_mcp_name(rule.tool_))
            return refuse(unknown_tool(rule.tool_));
        if (parts->specifier)
            return refuse("'" + rule.tool_ + "' takes no (…): " + without_specifier(rule.tool_));
        return rule;
    }
    rule.subject_ = word->subject;
    if (!parts->specifier) return rule;
    if (rule.subject_ != RuleSubject::kRead && rule.subject_ != RuleSubject::kEdit) {
        rule.text_.emplace(*parts->specifier);
        if (rule.subject_ == RuleSubject::kBash) rule.command_.emplace(*parts->specifier);
        return rule;
    }
    auto path = PathPattern::parse(*parts->specifier, text.base,
                                   {bases.workspace, text.home.empty() ? bases.home : text.home});
    if (!path) return refuse(path.error().message);
    rule.path_ = std::move(*path);
    return rule;
}

bool Rule::names_tool(std::string_view tool) const {
    return subject_ == RuleSubject::kTool &&
           (tool_ == tool || (is_mcp_name(tool_) && covers_mcp(tool_, tool)));
}

bool Rule::covers(const agent::ToolSpec& tool) const {
    const agent::ToolFacts& facts = tool.facts;
    switch (subject_) {
        case RuleSubject::kBash:
            return !facts.command.empty();
        case RuleSubject::kRead:
            return !facts.reads.empty();
        case RuleSubject::kEdit:
            return !facts.writes.empty();
        case RuleSubject::kAgent:
            return facts.rules == agent::NameRules::kAgent;
        case RuleSubject::kSkill:
            return facts.rules == agent::NameRules::kSkill;
        case RuleSubject::kTool:
            break;
    }
    return names_tool(tool.name);
}

bool Rule::allows(const shell::Part& part, bool opaque) const {
    if (bare()) return true;
    if (opaque || !text_ || (!part.words.empty() && !part.words.front().literal())) return false;
    // An assignment is not a part of the command's name: `make*` must not match `make=1 x`.
    std::string assignments;
    for (const shell::Word& word : part.assignments)
        assignments += (assignments.empty() ? "" : " ") + word.written;
    if (!assignments.empty() && !part.words.empty()) assignments += ' ';
    if (text_->text() == part.written || text_->text() == part.whole) return true;
    if (text_->head().compare(0, assignments.size(), assignments) != 0) return false;
    // A star stands for words of the command, but not for the files of its redirections.
    return text_->matches(part.written) || (text_->exact() && text_->matches(part.whole));
}

bool Rule::asks(const shell::Part& part) const {
    if (bare() || denies(part)) return true;
    return text_ && (text_->matches(part.written) || text_->matches(part.whole));
}

bool Rule::denies(const shell::Part& part) const {
    return bare() || (command_ && command_->matches(part));
}

bool Rule::matches_name(std::string_view name) const {
    return bare() || (text_ && text_->matches(name));
}

bool Rule::matches_path(const std::filesystem::path& path, bool strictly) const {
    if (bare()) return true;
    return path_ && (strictly ? path_->matches_strictly(path) : path_->matches(path));
}

bool Rule::may_match_beneath(const std::filesystem::path& path) const {
    return bare() || (path_ && path_->may_match_beneath(path));
}

bool Rule::names(std::string_view name) const {
    return path_ && path_->names(name);
}

Result<void> check_rule(const config::RuleText& rule) {
    const auto parsed = Rule::parse(rule, {rule.base, rule.home});
    if (!parsed) return parsed.error();
    return {};
}

std::vector<Rule> parse_rules(const std::vector<config::RuleText>& list,
                              const BaseDirectories& bases, std::vector<Error>& errors) {
    std::vector<Rule> rules;
    for (const config::RuleText& text : list) {
        auto rule = Rule::parse(text, bases);
        if (rule) {
            rules.push_back(std::move(*rule));
        } else {
            errors.push_back(rule.error());
        }
    }
    return rules;
}

std::vector<Error> unknown_tools(const Rules& rules, const std::vector<std::string>& tools,
                                 const ToolsOfPlugins& plugins) {
    const std::vector<std::string_view> names(tools.begin(), tools.end());
    std::vector<Error> errors;
    for (const auto* list : {&rules.deny, &rules.ask, &rules.allow})
        for (const Rule& rule : *list) {
            if (rule.subject() != RuleSubject::kTool) continue;
            const bool known =
                std::any_of(tools.begin(), tools.end(),
                            [&](const std::string& tool) { return rule.names_tool(tool); });
            if (known || is_mcp_name(rule.tool())) continue;
            errors.push_back({rule.origin() + ": rule '" + rule.text() +
                              "' has no effect: there is no tool '" + rule.tool() + "'" +
                              hint_for_tool(rule.tool(), names, plugins)});
        }
    return errors;
}

}  // namespace tenon::permission
