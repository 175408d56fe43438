#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "host/agent/ports.h"
#include "host/base/mutex.h"
#include "host/permission/asker.h"
#include "host/permission/mode.h"
#include "host/permission/needs.h"
#include "host/permission/rules.h"

namespace tenon::permission {

struct Config {
    PermissionMode mode = PermissionMode::kAsk;
    bool yes = false;                ///< every question is answered with yes
    bool read_only_commands = true;  ///< commands of the read-only list need no question
    bool read_only_sandbox = false;  ///< sandbox.mode is read-only: file tools write nothing
    std::vector<config::RuleText> deny, ask, allow;
    /// Where permissions.allow is locked: then no answer adds a rule. Empty: it is not locked.
    std::string allow_lock;
    bool yes_is_locked = false;       ///< a lock leaves --yes out, so that no message advises it
    std::filesystem::path workspace;  ///< absolute, symlinks resolved
    std::filesystem::path home;       ///< absolute, or empty
    std::vector<std::filesystem::path> add_dirs;   ///< more directories of the file tools
    std::vector<std::filesystem::path> read_dirs;  ///< more for reading: skills, transcripts
};

struct JudgedCall;

/// What a person has changed for one session: it is valid until the host ends, also when the
/// session is opened anew.
struct SessionPermissions {
    Stance stance;
    std::vector<Rule> rules;  ///< see RuleGate::session_rules
};

/// Decides whether a tool call may run: first the built-in deny list and the deny rules, then the
/// ask rules, then the allow rules, then the mode. A command is judged part by part, with its
/// redirections as edits and reads. Deny and ask rules look at everything that a text could run
/// (`parse_script`); allow rules and modes only at text that is fully understood (`understand`).
/// What a call does follows from the facts of its tool. The facts of a third-party tool count only
/// for deny and ask rules.
/// Not responsible for keeping file tools beneath their roots. Thread-safe. Blocks only while a
/// person is asked; there is one question at a time. Those about calls of one answer are put in the
/// order of the calls.
class RuleGate final : public agent::Gate {
public:
    /// `asker` outlives the gate. Null: nobody can be asked, and a call that needs a question is
    /// refused with the rule that would allow it. Rules that cannot be read are left out: see
    /// errors().
    explicit RuleGate(Config config, Asker* asker = nullptr);

    /// One for each rule that could not be read, with its origin and text.
    [[nodiscard]] const std::vector<Error>& errors() const { return errors_; }
    /// The rules of the configuration, without those that "always for this session" has added.
    [[nodiscard]] const Rules& rules() const { return rules_; }
    /// The allow rules that "always for this session" has added, oldest first.
    [[nodiscard]] std::vector<Rule> session_rules() const;
    /// Removes one of session_rules(), counted from 1; none: there is no such rule.
    std::optional<Rule> forget(std::size_t number);
    /// Adds rules to session_rules(), as the answer "always for this session" does; those that are
    /// there already, or cannot be read, are left out.
    void remember(const std::vector<std::string>& rules);
    [[nodiscard]] SessionPermissions of_session() const { return {stance(), session_rules()}; }
    /// Takes what another gate of the same session and configuration had. Before the first call.
    void restore(SessionPermissions permissions);

    /// At first that of the configuration.
    [[nodiscard]] Stance stance() const { return stance_; }
    /// Calls that are judged from now on are judged by it, and so are calls that wait to be asked
    /// about. A question that is being asked is not answered by it.
    void take(Stance stance) { stance_ = stance; }

    Verdict judge(const agent::ToolSpec& tool, const agent::ToolCall& call, std::stop_token stop,
                  const agent::Turn& turn) override {
        return judge(tool, call, std::move(stop), {}, turn);
    }
    /// Questions and refusals name `on_behalf_of` after the tool; it may be empty.
    Verdict judge(const agent::ToolSpec& tool, const agent::ToolCall& call, std::stop_token stop,
                  std::string_view on_behalf_of = {}, const agent::Turn& turn = {});

    /// The same for a command that a third-party plugin submits; `who` names the plugin. `cwd` may
    /// be empty or relative to the workspace. Rules that name the tool `as_tool` apply too.
    Verdict judge_command(std::string_view who, std::string_view command, std::string_view cwd,
                          std::stop_token stop, std::string_view as_tool = {});

    /// The same for a file that a third-party plugin writes. `path` is absolute, symlinks resolved.
    Verdict judge_edit(std::string_view who, const std::filesystem::path& path,
                       std::stop_token stop);

    /// The same for a subagent that a third-party plugin runs. `as_tool` is the first-party tool
    /// that starts subagents, whose rules apply; `task` are the parameters of agent.run/1.
    Verdict judge_subagent(std::string_view who, const agent::ToolSpec& as_tool, const Json& task,
                           std::stop_token stop);

    /// A plugin's own question. The answer is yes with --yes and in the mode bypassPermissions; it
    /// is no where nobody can be asked.
    Verdict ask(std::string_view who, std::string_view question, std::stop_token stop);

    /// The deny rule that forbids this path; null: none. `path` is absolute, symlinks resolved.
    [[nodiscard]] const Rule* denied_read(const std::filesystem::path& path) const;
    [[nodiscard]] const Rule* denied_edit(const std::filesystem::path& path) const;

    /// The deny rule that forbids the skill of this name; null: none.
    [[nodiscard]] const Rule* denied_skill(std::string_view name) const;
    /// Why deny rules or the built-in deny list forbid a call that the person makes; empty: they do
    /// not. Nothing else is judged, since nobody has to be asked about their own act.
    [[nodiscard]] std::string denial_of_own(const agent::ToolSpec& tool,
                                            const agent::ToolCall& call) const;

    /// Whether any deny rule forbids reading of paths.
    [[nodiscard]] bool denies_any_read() const;

    /// Whether a bare deny rule covers the whole tool, so that the model is not offered it.
    [[nodiscard]] bool removes(const agent::ToolSpec& tool) const;

    /// How many questions wait for the one that is being asked.
    [[nodiscard]] std::size_t waiting_questions() const;

private:
    class Asking;

    // judged_call.cpp: what a call needs
    [[nodiscard]] std::filesystem::path directory_of(std::string_view cwd) const;
    [[nodiscard]] JudgedCall judged_call(const agent::ToolSpec& tool, const agent::ToolCall& call,
                                         std::string_view on_behalf_of) const;
    void add_needs_of_facts(JudgedCall& judged, const agent::ToolSpec& tool) const;
    [[nodiscard]] std::vector<Need> path_needs(const agent::ToolSpec& tool,
                                               const Json& input) const;
    void add_command_needs(JudgedCall& judged, std::string_view command) const;
    void judge_parts(JudgedCall& judged, const CommandNeeds& command) const;

    // gate.cpp: the order of the verdicts
    Verdict decide(const JudgedCall& judged, const std::stop_token& stop);
    [[nodiscard]] std::optional<std::string> denial(const JudgedCall& judged) const;
    [[nodiscard]] std::optional<std::string> denial_of_unparsed_text(
        const JudgedCall& judged) const;
    [[nodiscard]] std::optional<std::string> refusal_by_plan_mode(const JudgedCall& judged) const;
    [[nodiscard]] const Rule* matching_ask_rule(const JudgedCall& judged) const;
    [[nodiscard]] bool is_allowed_by_rule(const Need& need) const;
    [[nodiscard]] bool is_allowed(const JudgedCall& judged, const Need& need) const;
    [[nodiscard]] std::vector<const Need*> unmet_needs(const JudgedCall& judged) const;
    [[nodiscard]] const Need* need_outside_roots(const JudgedCall& judged) const;
    [[nodiscard]] bool is_restricted(RuleSubject subject, const std::filesystem::path& path) const;

    // gate_questions.cpp: questions and their answers
    Verdict put_question(const JudgedCall& judged, const std::stop_token& stop);
    [[nodiscard]] std::string how_to_say_yes() const;
    [[nodiscard]] Verdict refuse_unasked(const JudgedCall& judged, const Rule* rule) const;
    [[nodiscard]] Question question(const JudgedCall& judged, const std::vector<const Need*>& unmet,
                                    const Rule* rule) const;
    bool begin_asking(const agent::Turn& turn, const std::stop_token& stop);
    void end_asking();
    [[nodiscard]] PermissionMode mode() const { return stance().mode; }

    Config config_;
    Asker* asker_;
    std::atomic<Stance> stance_;
    BaseDirectories bases_;
    FileRoots roots_;
    ShellEnvironment environment_;
    std::vector<Error> errors_;
    Rules rules_;
    bool path_rules_ = false;  ///< a deny or ask rule is about reading or changing files

    mutable Mutex mutex_;
    Condition asking_ended_;
    bool asking_ TENON_GUARDED_BY(mutex_) = false;
    std::size_t waiting_ TENON_GUARDED_BY(mutex_) = 0;
    std::vector<Rule> session_rules_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::permission
