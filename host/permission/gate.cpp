#include "host/permission/gate.h"

#include <algorithm>
#include <array>

#include "host/permission/builtin_list.h"
#include "host/permission/judged_call.h"
#include "host/permission/refusal_text.h"

namespace tenon::permission {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, PermissionMode>, 5> kModes = {{
    {"ask", PermissionMode::kAsk},
    {"acceptEdits", PermissionMode::kAcceptEdits},
    {"plan", PermissionMode::kPlan},
    {"dontAsk", PermissionMode::kDontAsk},
    {"bypassPermissions", PermissionMode::kBypassPermissions},
}};

bool is_about_paths(const Rule& rule) {
    return rule.subject() == RuleSubject::kRead || rule.subject() == RuleSubject::kEdit;
}

}  // namespace

std::optional<PermissionMode> mode_from(std::string_view name) {
    for (const auto& [text, mode] : kModes)
        if (text == name) return mode;
    return std::nullopt;
}

std::string_view to_string(PermissionMode mode) {
    for (const auto& [text, known] : kModes)
        if (known == mode) return text;
    return "ask";
}

RuleGate::RuleGate(Config config, Asker* asker)
    : config_(std::move(config)), asker_(asker), environment_(ShellEnvironment::of_this_process()) {
    const auto real = [](const fs::path& path) { return resolved(normalised(path, "/")); };
    config_.workspace = real(config_.workspace);
    places_ = {config_.workspace, config_.home};
    roots_.write.push_back(config_.workspace);
    for (const fs::path& dir : config_.add_dirs)
        roots_.write.push_back(real(dir));
    roots_.read = roots_.write;
    for (const fs::path& dir : config_.read_dirs)
        roots_.read.push_back(real(dir));
    rules_.deny = parse_rules(config_.deny, places_, errors_);
    rules_.ask = parse_rules(config_.ask, places_, errors_);
    rules_.allow = parse_rules(config_.allow, places_, errors_);
    for (const auto* list : {&rules_.deny, &rules_.ask})
        path_rules_ = path_rules_ || std::any_of(list->begin(), list->end(), is_about_paths);
}

/// Any deny, then any ask, then any allow, then the mode.
RuleGate::Verdict RuleGate::decide(const JudgedCall& judged, const std::stop_token& stop) {
    if (auto reason = denied(judged)) return refuse(judged, std::move(*reason));
    if (auto reason = refused_by_plan(judged)) return refuse(judged, std::move(*reason));
    if (asks(judged) == nullptr && open_needs(judged).empty()) return {true, {}};
    if (config_.mode != PermissionMode::kDontAsk && config_.yes) return {true, {}};
    return put_question(judged, stop);
}

std::optional<std::string> RuleGate::denied(const JudgedCall& judged) const {
    const auto what = [&](const Need& need) {
        return "Permission denied: " + judged.who + " wants to " +
               shortened(need.description(config_.workspace));
    };
    for (const Need& need : judged.seen) {
        if (need.kind == NeedKind::kCommand)
            if (const auto hit = builtin_denial(need.part, judged.cwd, config_.home))
                return what(need) + ", which the built-in deny list forbids (" + *hit +
                       "). No rule or mode allows it.";
        for (const Rule& rule : rules_.deny)
            if (need.matched_by_deny(rule))
                return what(need) + ", which is denied by the rule " + named(rule) + ".";
    }
    if (auto reason = not_taken_apart(judged)) return reason;
    for (const Need& need : judged.needs)
        if (config_.read_only_sandbox && judged.first_party && !need.tool.empty() &&
            need.kind == NeedKind::kEdit)
            return what(need) + ", but sandbox.mode is read-only: no file is written.";
    return std::nullopt;
}

/// What cannot be taken apart may hold a part that a deny rule is about.
std::optional<std::string> RuleGate::not_taken_apart(const JudgedCall& judged) const {
    if (judged.failed.empty()) return std::nullopt;
    const auto rule = std::find_if(rules_.deny.begin(), rules_.deny.end(), [](const Rule& r) {
        return r.subject() == RuleSubject::kBash || is_about_paths(r);
    });
    if (rule == rules_.deny.end()) return std::nullopt;
    return "Permission denied: the command could not be taken apart (" + judged.failed +
           "), so that deny rules such as " + named(*rule) +
           " cannot be applied to it. Write it in a simpler way, or as several commands.";
}

std::optional<std::string> RuleGate::refused_by_plan(const JudgedCall& judged) const {
    if (config_.mode != PermissionMode::kPlan || judged.read_only) return std::nullopt;
    if (judged.conversation_only) return std::nullopt;
    return "Permission denied: " + judged.who +
           " is not read-only, and the permission mode is plan.";
}

const Rule* RuleGate::asks(const JudgedCall& judged) const {
    for (const Rule& rule : rules_.ask) {
        if (!judged.failed.empty() &&
            (rule.subject() == RuleSubject::kBash || is_about_paths(rule)))
            return &rule;
        for (const Need& need : judged.seen)
            if (need.matched_by_ask(rule)) return &rule;
    }
    return nullptr;
}

bool RuleGate::by_rule(const Need& need) const {
    const auto hit = [&need](const Rule& rule) { return need.matched_by_allow(rule); };
    if (std::any_of(rules_.allow.begin(), rules_.allow.end(), hit)) return true;
    const Lock lock(mutex_);
    return std::any_of(session_.begin(), session_.end(), hit);
}

bool RuleGate::allows(const JudgedCall& judged, const Need& need) const {
    if (config_.mode == PermissionMode::kBypassPermissions) return true;
    if (need.kind == NeedKind::kTool && (judged.read_only || judged.unquestioned)) return true;
    if (need.read_only || need.file_command) return true;
    // What a command reads by a redirection is as good as what a tool reads.
    if (need.kind == NeedKind::kRead && need.inside && judged.first_party &&
        (judged.read_only || need.tool.empty()))
        return true;
    if (by_rule(need)) return true;
    // A stranger's tool may bear the name of one of ours.
    return config_.mode == PermissionMode::kAcceptEdits && need.kind == NeedKind::kEdit &&
           need.inside && need.protected_name.empty() && judged.first_party;
}

std::vector<const Need*> RuleGate::open_needs(const JudgedCall& judged) const {
    std::vector<const Need*> open;
    for (const Need& need : judged.needs)
        if (!allows(judged, need)) open.push_back(&need);
    return open;
}

/// Our own file tools stay beneath their roots whatever a rule or a person says.
const Need* RuleGate::out_of_reach(const JudgedCall& judged) const {
    if (!judged.first_party) return nullptr;
    const auto it = std::find_if(judged.needs.begin(), judged.needs.end(), [](const Need& need) {
        const bool path = need.kind == NeedKind::kRead || need.kind == NeedKind::kEdit;
        return path && !need.tool.empty() && need.certain && !need.inside;
    });
    return it == judged.needs.end() ? nullptr : &*it;
}

RuleGate::Verdict RuleGate::refuse(const JudgedCall& judged, std::string reason) {
    const Lock lock(mutex_);
    denials_.push_back({judged.tool, judged.input});
    return {false, std::move(reason)};
}

bool RuleGate::denied_read(const fs::path& path) const {
    return std::any_of(rules_.deny.begin(), rules_.deny.end(), [&](const Rule& rule) {
        return rule.subject() == RuleSubject::kRead && rule.matches_path(path, true);
    });
}

bool RuleGate::denied_edit(const fs::path& path) const {
    return std::any_of(rules_.deny.begin(), rules_.deny.end(), [&](const Rule& rule) {
        return rule.subject() == RuleSubject::kEdit && rule.matches_path(path, true);
    });
}

/// Whether a deny rule or an ask rule is about this path.
bool RuleGate::restricted(RuleSubject kind, const fs::path& path) const {
    const auto hit = [&](const Rule& rule) {
        return rule.subject() == kind && rule.matches_path(path, true);
    };
    return std::any_of(rules_.deny.begin(), rules_.deny.end(), hit) ||
           std::any_of(rules_.ask.begin(), rules_.ask.end(), hit);
}

bool RuleGate::removes(const agent::ToolSpec& tool) const {
    return std::any_of(rules_.deny.begin(), rules_.deny.end(),
                       [&](const Rule& rule) { return rule.bare() && rule.covers(tool); });
}

std::vector<Denial> RuleGate::denials() const {
    const Lock lock(mutex_);
    return denials_;
}

}  // namespace tenon::permission
