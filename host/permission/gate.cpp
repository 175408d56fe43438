#include "host/permission/gate.h"

#include <algorithm>

#include "host/permission/builtin_list.h"
#include "host/permission/judged_call.h"
#include "host/permission/refusal_text.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

bool is_about_paths(const Rule& rule) {
    return rule.subject() == RuleSubject::kRead || rule.subject() == RuleSubject::kEdit;
}

/// Null: none matches.
const Rule* first_match(const std::vector<Rule>& rules, RuleSubject subject, const fs::path& path) {
    const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) {
        return rule.subject() == subject && rule.matches_path(path, true);
    });
    return found == rules.end() ? nullptr : &*found;
}

}  // namespace

RuleGate::RuleGate(Config config, Asker* asker)
    : config_(std::move(config)),
      asker_(asker),
      stance_(Stance{config_.mode, config_.yes}),
      environment_(ShellEnvironment::of_this_process()) {
    const auto real = [](const fs::path& path) { return resolved(normalised(path, "/")); };
    config_.workspace = real(config_.workspace);
    bases_ = {config_.workspace, config_.home};
    roots_.write.push_back(config_.workspace);
    for (const fs::path& dir : config_.add_dirs)
        roots_.write.push_back(real(dir));
    roots_.read = roots_.write;
    for (const fs::path& dir : config_.read_dirs)
        roots_.read.push_back(real(dir));
    rules_.deny = parse_rules(config_.deny, bases_, errors_);
    rules_.ask = parse_rules(config_.ask, bases_, errors_);
    rules_.allow = parse_rules(config_.allow, bases_, errors_);
    for (const auto* list : {&rules_.deny, &rules_.ask})
        path_rules_ = path_rules_ || std::any_of(list->begin(), list->end(), is_about_paths);
}

RuleGate::Verdict RuleGate::decide(const JudgedCall& judged, const std::stop_token& stop) {
    if (auto reason = denial(judged)) return {false, std::move(*reason)};
    if (auto reason = refusal_by_plan_mode(judged)) return {false, std::move(*reason)};
    if (matching_ask_rule(judged) == nullptr && unmet_needs(judged).empty()) return {true, {}};
    const Stance now = stance();
    if (now.mode != PermissionMode::kDontAsk && now.yes) return {true, {}};
    return put_question(judged, stop);
}

std::optional<std::string> RuleGate::denial(const JudgedCall& judged) const {
    const auto what = [&](const Need& need) {
        return "Permission denied: " + judged.who + " wants to " +
               shortened(need.description(config_.workspace));
    };
    for (const Need& need : judged.possible) {
        if (need.kind == NeedKind::kCommand)
            if (const auto hit = builtin_denial(need.part, judged.cwd, config_.home))
                return what(need) + ", which the built-in deny list forbids (" + *hit +
                       "). No rule or mode allows it.";
        for (const Rule& rule : rules_.deny)
            if (need.matched_by_deny(rule))
                return what(need) + ", which is denied by the rule " + named(rule) + ".";
    }
    if (auto reason = denial_of_unparsed_text(judged)) return reason;
    for (const Need& need : judged.required)
        if (config_.read_only_sandbox && need.kind == NeedKind::kEdit &&
            (judged.by_host || (judged.first_party && !need.tool.empty())))
            return what(need) + ", but sandbox.mode is read-only: no file is written.";
    return std::nullopt;
}

/// Text that cannot be parsed may hold a part that a deny rule is about.
std::optional<std::string> RuleGate::denial_of_unparsed_text(const JudgedCall& judged) const {
    if (judged.parse_failure.empty()) return std::nullopt;
    const auto rule = std::find_if(rules_.deny.begin(), rules_.deny.end(), [](const Rule& r) {
        return r.subject() == RuleSubject::kBash || is_about_paths(r);
    });
    if (rule == rules_.deny.end()) return std::nullopt;
    return "Permission denied: the command could not be taken apart (" + judged.parse_failure +
           "), so that deny rules such as " + named(*rule) +
           " cannot be applied to it. Write it in a simpler way, or as several commands.";
}

std::optional<std::string> RuleGate::refusal_by_plan_mode(const JudgedCall& judged) const {
    if (mode() != PermissionMode::kPlan || judged.read_only) return std::nullopt;
    if (judged.conversation_only) return std::nullopt;
    return "Permission denied: " + judged.who +
           " is not read-only, and the permission mode is plan.";
}

const Rule* RuleGate::matching_ask_rule(const JudgedCall& judged) const {
    for (const Rule& rule : rules_.ask) {
        if (!judged.parse_failure.empty() &&
            (rule.subject() == RuleSubject::kBash || is_about_paths(rule)))
            return &rule;
        for (const Need& need : judged.possible)
            if (need.matched_by_ask(rule)) return &rule;
    }
    return nullptr;
}

bool RuleGate::is_allowed_by_rule(const Need& need) const {
    const auto hit = [&need](const Rule& rule) { return need.matched_by_allow(rule); };
    if (std::any_of(rules_.allow.begin(), rules_.allow.end(), hit)) return true;
    const Lock lock(mutex_);
    return std::any_of(session_rules_.begin(), session_rules_.end(), hit);
}

bool RuleGate::is_allowed(const JudgedCall& judged, const Need& need) const {
    if (mode() == PermissionMode::kBypassPermissions) return true;
    if (need.kind == NeedKind::kTool && (judged.read_only || judged.unquestioned)) return true;
    // Calls that wait to be asked about may have been looked at in another mode.
    if (need.read_only || (need.file_command && mode() == PermissionMode::kAcceptEdits))
        return true;
    // A command may read by a redirection what a tool may read.
    if (need.kind == NeedKind::kRead && need.inside && judged.first_party &&
        (judged.read_only || need.tool.empty()))
        return true;
    if (is_allowed_by_rule(need)) return true;
    // A third-party tool may have the name of one of ours. What the host writes for it is an edit.
    return mode() == PermissionMode::kAcceptEdits && need.kind == NeedKind::kEdit && need.inside &&
           need.protected_name.empty() && (judged.first_party || judged.by_host);
}

std::vector<const Need*> RuleGate::unmet_needs(const JudgedCall& judged) const {
    std::vector<const Need*> unmet;
    for (const Need& need : judged.required)
        if (!is_allowed(judged, need)) unmet.push_back(&need);
    return unmet;
}

/// Tenon's own file tools stay beneath their roots, whatever a rule or a person says.
const Need* RuleGate::need_outside_roots(const JudgedCall& judged) const {
    if (!judged.first_party) return nullptr;
    const auto it =
        std::find_if(judged.required.begin(), judged.required.end(), [](const Need& need) {
            const bool path = need.kind == NeedKind::kRead || need.kind == NeedKind::kEdit;
            return path && !need.tool.empty() && need.certain && !need.inside;
        });
    return it == judged.required.end() ? nullptr : &*it;
}

const Rule* RuleGate::denied_read(const fs::path& path) const {
    return first_match(rules_.deny, RuleSubject::kRead, path);
}

const Rule* RuleGate::denied_skill(std::string_view name) const {
    const auto found = std::find_if(rules_.deny.begin(), rules_.deny.end(), [&](const Rule& rule) {
        return rule.subject() == RuleSubject::kSkill && rule.matches_name(name);
    });
    return found == rules_.deny.end() ? nullptr : &*found;
}

bool RuleGate::denies_any_read() const {
    return std::any_of(rules_.deny.begin(), rules_.deny.end(),
                       [](const Rule& rule) { return rule.subject() == RuleSubject::kRead; });
}

const Rule* RuleGate::denied_edit(const fs::path& path) const {
    return first_match(rules_.deny, RuleSubject::kEdit, path);
}

/// Whether a deny rule or an ask rule is about this path.
bool RuleGate::is_restricted(RuleSubject subject, const fs::path& path) const {
    return first_match(rules_.deny, subject, path) != nullptr ||
           first_match(rules_.ask, subject, path) != nullptr;
}

bool RuleGate::removes(const agent::ToolSpec& tool) const {
    return std::any_of(rules_.deny.begin(), rules_.deny.end(),
                       [&](const Rule& rule) { return rule.bare() && rule.covers(tool); });
}

}  // namespace tenon::permission
