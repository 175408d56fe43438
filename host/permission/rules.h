#pragma once

#include <filesystem>
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
///   Bash(npm test)   exact; `*` matches any text, `\*` a star, `\\` a backslash; a trailing ` *`
///   may be
///                    missing with its text; `npm:*` is `npm *`. Covers tools with a command.
///   Read(p) Edit(p)  gitignore patterns, see PathPattern. Cover tools with a path that is read, or
///                    with one that is written.
///   Agent(name) Skill(name)  `*` matches any text. Cover tools that state these rules.
/// Which tool has what is in its facts.
///   a tool's name, mcp__server, mcp__server__tool  the whole tool; `*` may end an mcp name.
namespace tenon::permission {

/// A pattern of text in which `*` stands for any text.
class TextPattern {
public:
    explicit TextPattern(std::string_view text);
    /// Takes time in proportion to the text.
    [[nodiscard]] bool matches(std::string_view text) const;
    /// Whether it stands for one text only.
    [[nodiscard]] bool exact() const { return pieces_.size() == 1; }
    /// As it was written.
    [[nodiscard]] const std::string& text() const { return text_; }
    /// What stands before the first star: every text that matches begins with it.
    [[nodiscard]] const std::string& head() const { return pieces_.front(); }
    /// `text` as a pattern that matches nothing else.
    static std::string quote(std::string_view text);

private:
    std::string text_;                 ///< as written: what equals it matches
    std::vector<std::string> pieces_;  ///< between the stars
    bool optional_tail_ = false;       ///< ends in " *"

    [[nodiscard]] bool matches_pieces(std::string_view text) const;
};

/// What a rule is about.
enum class RuleSubject { kBash, kRead, kEdit, kAgent, kSkill, kTool };

class Rule {
public:
    /// The error names origin, text and reason.
    static Result<Rule> parse(const config::RuleText& rule, const BaseDirectories& places);

    [[nodiscard]] RuleSubject subject() const { return subject_; }
    /// Without a specifier: covers everything its tools do.
    [[nodiscard]] bool bare() const { return !text_ && !path_; }
    [[nodiscard]] const std::string& text() const { return written_.text; }
    [[nodiscard]] const std::string& origin() const { return written_.origin; }
    /// For RuleSubject::kTool: the tool's name.
    [[nodiscard]] const std::string& tool() const { return tool_; }

    /// RuleSubject::kTool: whether the rule names this tool.
    [[nodiscard]] bool names_tool(std::string_view tool) const;
    /// Whether the rule is about this tool at all.
    [[nodiscard]] bool covers(const agent::ToolSpec& tool) const;

    /// Allow rules: the part as written, without redirections; with them only a rule without a
    /// `*`. Assignments before the command must begin the rule too, letter for letter. What is not
    /// wholly understood, or runs a program that a pattern of file names gives, only when bare.
    [[nodiscard]] bool allows(const shell::Part& part, bool opaque) const;
    /// Deny and ask rules: the decoded words, without assignments, see CommandPattern.
    [[nodiscard]] bool denies(const shell::Part& part) const;
    /// kAgent, kSkill.
    [[nodiscard]] bool matches_name(std::string_view name) const;
    /// Ask rules: whatever a deny rule or an allow rule of the same text could mean.
    [[nodiscard]] bool asks(const shell::Part& part) const;
    /// kRead, kEdit. `strictly` also looks behind symlinks in the rule's own beginning.
    [[nodiscard]] bool matches_path(const std::filesystem::path& path, bool strictly) const;
    /// kRead, kEdit: false when nothing beneath this directory can match.
    [[nodiscard]] bool may_match_beneath(const std::filesystem::path& path) const;
    /// kRead, kEdit: whether the pattern holds this very name, not only a wildcard for it.
    [[nodiscard]] bool names(std::string_view name) const;

private:
    config::RuleText written_;
    RuleSubject subject_ = RuleSubject::kTool;
    std::string tool_;
    std::optional<TextPattern> text_;
    std::optional<shell::CommandPattern> command_;
    std::optional<PathPattern> path_;
};

/// The rules of all layers, merged.
struct Rules {
    std::vector<Rule> deny, ask, allow;
};

/// What the configuration checks a rule with (config::RuleCheck): whether `Rule::parse` takes it.
Result<void> check_rule(const config::RuleText& rule, const std::filesystem::path& home);

/// Reads a list; what cannot be read goes to `errors`, one for each, and the others are kept.
std::vector<Rule> parse_rules(const std::vector<config::RuleText>& list,
                              const BaseDirectories& places, std::vector<Error>& errors);

/// The rules that name a tool that is not among `tools`: reported once the tools are known.
std::vector<Error> unknown_tools(const Rules& rules, const std::vector<std::string>& tools);

}  // namespace tenon::permission
