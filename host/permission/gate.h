#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/permission/asker.h"
#include "host/permission/needs.h"
#include "host/permission/rules.h"

namespace tenon::permission {

enum class PermissionMode { kAsk, kAcceptEdits, kPlan, kDontAsk, kBypassPermissions };

/// ask acceptEdits plan dontAsk bypassPermissions
std::optional<PermissionMode> mode_from(std::string_view name);
std::string_view to_string(PermissionMode mode);

struct Config {
    PermissionMode mode = PermissionMode::kAsk;
    bool yes = false;                ///< every question is answered with yes
    bool read_only_commands = true;  ///< commands of the list need no question
    bool read_only_sandbox = false;  ///< sandbox.mode is read-only: file tools write nothing
    std::vector<config::RuleText> deny, ask, allow;
    std::filesystem::path workspace;              ///< absolute, symlinks resolved
    std::filesystem::path home;                   ///< absolute, or empty
    std::vector<std::filesystem::path> add_dirs;  ///< further folders of the file tools
    std::vector<std::filesystem::path>
        read_dirs;  ///< further ones for reading: skills, transcripts
};

struct JudgedCall;

/// One call that did not run, for the result object.
struct Denial {
    std::string tool_name;
    Json tool_input;
};

/// Says whether a tool call may run: the built-in deny list and deny rules, then ask rules, then
/// allow rules, then the mode. A command is judged part by part, its redirections as edits and
/// reads. Deny and ask rules look at all that a text could run (`parse_script`), allow rules and
/// modes only at what is wholly understood (`understand`). What a call does follows from the facts
/// of its tool; those of a third-party tool count for deny and ask rules alone.
/// Not responsible for keeping file tools beneath their roots. Thread-safe. Blocks only while a
/// person is asked, one question at a time.
class RuleGate final : public agent::Gate {
public:
    /// `asker` outlives the gate; null: nobody can be asked, and what would ask is refused with the
    /// rule that would allow it. Rules that cannot be read are left out: see errors().
    explicit RuleGate(Config config, Asker* asker = nullptr);

    /// One for each rule that could not be read, with its origin and text.
    [[nodiscard]] const std::vector<Error>& errors() const { return errors_; }
    /// As they were read. Rules added by "always for this session" are not among them.
    [[nodiscard]] const Rules& rules() const { return rules_; }

    Verdict judge(const agent::ToolSpec& tool, const agent::ToolCall& call,
                  std::stop_token stop) override {
        return judge(tool, call, std::move(stop), {});
    }
    /// `on_behalf_of` stands in questions and refusals behind the tool's name; may be empty.
    Verdict judge(const agent::ToolSpec& tool, const agent::ToolCall& call, std::stop_token stop,
                  std::string_view on_behalf_of);

    /// The same for a command that a third-party plugin submits; `who` names the plugin. `cwd` may
    /// be empty or relative to the workspace. Rules that name the tool `as_tool` hold too.
    Verdict judge_command(std::string_view who, std::string_view command, std::string_view cwd,
                          std::stop_token stop, std::string_view as_tool = {});

    /// A plugin's own question. --yes and bypassPermissions answer yes; where nobody can be asked,
    /// no.
    Verdict ask(std::string_view who, std::string_view question, std::stop_token stop);

    /// Whether a deny rule forbids this path. `path` is absolute, symlinks resolved.
    [[nodiscard]] bool denied_read(const std::filesystem::path& path) const;
    [[nodiscard]] bool denied_edit(const std::filesystem::path& path) const;

    /// Whether a bare deny rule covers the whole tool, so that a model need not be told of it.
    [[nodiscard]] bool removes(const agent::ToolSpec& tool) const;

    /// How many questions stand in line behind the one that is put, if one is.
    [[nodiscard]] std::size_t waiting_questions() const;

    /// The calls refused so far.
    [[nodiscard]] std::vector<Denial> denials() const;

private:
    [[nodiscard]] std::filesystem::path directory_of(std::string_view cwd) const;
    void judge_facts(JudgedCall& judged, const agent::ToolSpec& tool) const;
    [[nodiscard]] std::vector<Need> path_needs(const agent::ToolSpec& tool,
                                               const Json& input) const;
    Verdict decide(const JudgedCall& judged, const std::stop_token& stop);
    void take_apart(JudgedCall& judged, std::string_view command) const;
    void study(JudgedCall& judged, const CommandNeeds& command) const;
    [[nodiscard]] bool by_rule(const Need& need) const;
    [[nodiscard]] bool restricted(RuleSubject kind, const std::filesystem::path& path) const;
    [[nodiscard]] std::optional<std::string> denied(const JudgedCall& judged) const;
    [[nodiscard]] std::optional<std::string> not_taken_apart(const JudgedCall& judged) const;
    [[nodiscard]] std::optional<std::string> refused_by_plan(const JudgedCall& judged) const;
    [[nodiscard]] const Rule* asks(const JudgedCall& judged) const;
    [[nodiscard]] bool allows(const JudgedCall& judged, const Need& need) const;
    [[nodiscard]] const Need* out_of_reach(const JudgedCall& judged) const;
    [[nodiscard]] std::vector<const Need*> open_needs(const JudgedCall& judged) const;
    Verdict refuse_unasked(const JudgedCall& judged, const Rule* rule);
    Verdict put_question(const JudgedCall& judged, const std::stop_token& stop);
    [[nodiscard]] Question question(const JudgedCall& judged, const std::vector<const Need*>& open,
                                    const Rule* rule) const;
    Verdict refuse(const JudgedCall& judged, std::string reason);
    bool take_turn(const std::stop_token& stop);
    void end_turn();
    void remember(const std::vector<std::string>& rules);

    Config config_;
    Asker* asker_;
    BaseDirectories places_;
    FileRoots roots_;
    ShellEnvironment environment_;
    std::vector<Error> errors_;
    Rules rules_;
    bool path_rules_ = false;  ///< a deny or ask rule is about reading or changing files

    mutable Mutex mutex_;
    Condition turn_;
    bool asking_ TENON_GUARDED_BY(mutex_) = false;
    std::size_t waiting_ TENON_GUARDED_BY(mutex_) = 0;
    std::vector<Rule> session_ TENON_GUARDED_BY(mutex_);
    std::vector<Denial> denials_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::permission
