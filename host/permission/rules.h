#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/message.h"
#include "host/agent/ports.h"
#include "host/base/result.h"
#include "host/config/rule_text.h"
#include "host/permission/path_pattern.h"
#include "host/shell/command_pattern.h"
#include "host/shell/script.h"

/// Permission rules: `Tool` or `Tool(specifier)`.
///   Bash(npm test)   exact. `*` matches any text, `\*` a star, `\\` a backslash. `npm *` matches
///                    `npm` too; `npm:*` means `npm *`. Covers tools with a command.
///   Read(p) Edit(p)  gitignore patterns, see PathPattern. Cover tools that read, or write, a path.
///   Agent(name) Skill(name)  `*` matches any text. Cover tools that state these rules.
///   a tool's name, mcp__server, mcp__server__tool  the whole tool; `*` may end an mcp name.
/// The facts of a tool say which of these cover it.
namespace tenon::permission {

/// A text pattern in which `*` stands for any text. Immutable; thread-safe.
class TextPattern {
public:
    explicit TextPattern(std::string_view text);
    /// Takes linear time.
    [[nodiscard]] bool matches(std::string_view text) const;
    /// Whether the pattern has no star.
    [[nodiscard]] bool exact() const { return pieces_.size() == 1; }
    /// As it was written.
    [[nodiscard]] const std::string& text() const { return text_; }
    /// The text before the first star: every text that matches begins with it.
    [[nodiscard]] const std::string& head() const { return pieces_.front(); }
    /// A pattern that matches only `text`.
    static std::string quote(std::string_view text);

private:
    std::string text_;                 ///< as written; an equal text matches too
    std::vector<std::string> pieces_;  ///< between the stars
    bool optional_tail_ = false;       ///< ends in " *"

    [[nodiscard]] bool matches_pieces(std::string_view text) const;
};

/// What a rule is about.
enum class RuleSubject { kBash, kRead, kEdit, kAgent, kSkill, kTool };

/// One rule. Immutable; thread-safe.
class Rule {
public:
    /// The Error names origin, text and reason.
    static Result<Rule> parse(const config::RuleText& rule, const BaseDirectories& bases);

    [[nodiscard]] RuleSubject subject() const { return subject_; }
    /// Without a specifier: matches everything that its tools do.
    [[nodiscard]] bool bare() const { return !text_ && !path_; }
    [[nodiscard]] const std::string& text() const { return written_.text; }
    [[nodiscard]] const std::string& origin() const { return written_.origin; }
    /// For RuleSubject::kTool: the tool's name.
    [[nodiscard]] const std::string& tool() const { return tool_; }

    /// RuleSubject::kTool: whether the rule names this tool.
    [[nodiscard]] bool names_tool(std::string_view tool) const;
    /// Whether the rule is about this tool at all.
    [[nodiscard]] bool covers(const agent::ToolSpec& tool) const;

    /// As an allow rule. Matches the part as it is written, without its redirections; a rule
    /// without a `*` may also match it with them. A rule must begin with the part's assignments,
    /// letter for letter. Only a bare rule allows a part that is `opaque`, or whose program is not
    /// literal.
    [[nodiscard]] bool allows(const shell::Part& part, bool opaque) const;
    /// As a deny rule. Matches the decoded words without assignments, see CommandPattern.
    [[nodiscard]] bool denies(const shell::Part& part) const;
    /// kAgent, kSkill.
    [[nodiscard]] bool matches_name(std::string_view name) const;
    /// As an ask rule. Matches what a deny rule or an allow rule of the same text would match.
    [[nodiscard]] bool asks(const shell::Part& part) const;
    /// kRead, kEdit. `strictly`: see PathPattern::matches_strictly.
    [[nodiscard]] bool matches_path(const std::filesystem::path& path, bool strictly) const;
    /// kRead, kEdit. False: nothing in or beneath this directory can match.
    [[nodiscard]] bool may_match_beneath(const std::filesystem::path& path) const;
    /// kRead, kEdit. Whether the pattern contains exactly this name, not only a wildcard for it.
    [[nodiscard]] bool names(std::string_view name) const;

private:
    config::RuleText written_;
    RuleSubject subject_ = RuleSubject::kTool;
    std::string tool_;
    std::optional<TextPattern> text_;
    std::optional<shell::CommandPattern> command_;
    std::optional<PathPattern> path_;
};

/// The rules of all layers of configuration.
struct Rules {
    std::vector<Rule> deny, ask, allow;
};

/// Whether `Rule::parse` accepts the rule; a config::RuleCheck.
Result<void> check_rule(const config::RuleText& rule);

/// The rules of a list. Adds one Error to `errors` for each rule that cannot be read.
std::vector<Rule> parse_rules(const std::vector<config::RuleText>& list,
                              const BaseDirectories& bases, std::vector<Error>& errors);

/// One Error for each rule that names a tool that is not among `tools`, with the name that was most
/// likely meant; `plugins` is for rules that name a plugin instead. The tools of an MCP server may
/// not be known.
using ToolsOfPlugins = std::map<std::string, std::vector<std::string>>;
std::vector<Error> unknown_tools(const Rules& rules, const std::vector<std::string>& tools,
                                 const ToolsOfPlugins& plugins = {});

}  // namespace tenon::permission
