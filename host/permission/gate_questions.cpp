#include <algorithm>

#include "host/permission/judged_call.h"
#include "host/permission/refusal_text.h"
#include "host/permission/rule_offer.h"

/// Puts a question to the person, and keeps the rules of an "always".
namespace tenon::permission {
namespace {

constexpr const char* kStopped = "Permission denied: the turn was stopped.";

}  // namespace

/// The right to ask a question, for the lifetime of the object. It waits until the turn is reached
/// and no other question is asked; a requested stop ends the wait without the right.
class RuleGate::Asking {
public:
    Asking(RuleGate& gate, const agent::Turn& turn, const std::stop_token& stop)
        : gate_(gate), granted_(gate.begin_asking(turn, stop)) {}
    ~Asking() {
        if (granted_) gate_.end_asking();
    }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    [[nodiscard]] bool is_granted() const { return granted_; }

private:
    RuleGate& gate_;
    bool granted_;
};

Question RuleGate::question(const JudgedCall& judged, const std::vector<const Need*>& unmet,
                            const Rule* rule) const {
    Question question;
    question.who = judged.who;
    question.subagent = judged.subagent;
    question.tool = judged.tool;
    question.input = judged.input;
    question.facts = judged.shown;
    std::vector<const Need*> about;
    if (rule != nullptr)
        for (const Need& need : judged.possible)
            if (need.matched_by_ask(*rule)) about.push_back(&need);
    // With a rule but without a matching need, the text could not be parsed.
    question.items = item_texts(about.empty() ? unmet : about, config_.workspace);
    // Ask rules come before allow rules: no offered rule would prevent the next question.
    if (rule == nullptr) {
        RuleOffer offer = offer_for(unmet, config_.workspace);
        if (!config_.allow_lock.empty())
            offer = {{},
                     "no rule can be added: permissions.allow is locked by " + config_.allow_lock};
        question.offers = std::move(offer.choices);
        question.remark = std::move(offer.remark);
    }
    question.title = judged.who + " wants to " + enumerated(question.items);
    return question;
}

RuleGate::Verdict RuleGate::put_question(const JudgedCall& judged, const std::stop_token& stop) {
    const Rule* rule = matching_ask_rule(judged);
    if (const Need* need = need_outside_roots(judged)) {
        return {false, "Permission denied: " + judged.who + " wants to " +
                           need->description(config_.workspace) +
                           ", which is outside its folders: the workspace and those given "
                           "with --add-dir DIR."};
    }
    if (asker_ == nullptr || mode() == PermissionMode::kDontAsk)
        return refuse_unasked(judged, rule);
    const Asking asking(*this, judged.turn, stop);
    if (!asking.is_granted()) return {false, kStopped};
    // An "always" may have been answered in the meantime, or the mode may be another one.
    if (auto reason = refusal_by_plan_mode(judged)) return {false, std::move(*reason)};
    const auto unmet = unmet_needs(judged);
    if (rule == nullptr && unmet.empty()) return {true, {}};
    Question question = this->question(judged, unmet, rule);
    question.waiting = waiting_questions();
    const UserAnswer answer = asker_->ask(question, stop);
    if (answer.consent == Consent::kAlways && config_.allow_lock.empty()) remember(answer.rules);
    if (answer.consent != Consent::kNo) return {true, {}};
    if (stop.stop_requested()) return {false, kStopped};
    std::string reason =
        "Permission denied: " + shortened(question.title) + ", and the user said no.";
    if (!answer.instead.empty()) reason += " The user wants this instead: " + answer.instead;
    return {false, std::move(reason)};
}

/// The end of a message that nobody can be asked.
std::string RuleGate::how_to_say_yes() const {
    return config_.yes_is_locked ? "." : "; --yes answers with yes.";
}

RuleGate::Verdict RuleGate::refuse_unasked(const JudgedCall& judged, const Rule* rule) const {
    const auto unmet = unmet_needs(judged);
    const std::string reason =
        "Permission denied: " + shortened(question(judged, unmet, rule).title) + ".";
    if (rule != nullptr)
        return {false, reason + " The rule " + named(*rule) +
                           " asks for it, and nobody can be asked" + how_to_say_yes()};
    if (!config_.allow_lock.empty())
        return {false, reason + " No rule can be added, since permissions.allow is locked by " +
                           config_.allow_lock +
                           (config_.yes_is_locked ? "; ask the administrator." : how_to_say_yes())};
    return {false, reason + advice(unmet, config_.workspace)};
}

RuleGate::Verdict RuleGate::ask(std::string_view who, std::string_view question,
                                std::stop_token stop) {
    const std::string refused =
        "Permission denied: " + std::string(who) + " asks: " + std::string(question);
    const Stance now = stance();
    if (now.mode == PermissionMode::kPlan)
        return {false, refused + " The permission mode is plan."};
    if (now.mode == PermissionMode::kBypassPermissions ||
        (now.yes && now.mode != PermissionMode::kDontAsk))
        return {true, {}};
    if (asker_ == nullptr || now.mode == PermissionMode::kDontAsk)
        return {false, refused + " Nobody can be asked" + how_to_say_yes()};
    const Asking asking(*this, {}, stop);
    if (!asking.is_granted()) return {false, kStopped};
    Question put;
    put.who = who;
    put.input = Json::object();
    put.title = question;
    put.waiting = waiting_questions();
    if (asker_->ask(put, stop).consent != Consent::kNo) return {true, {}};
    return {false, refused + " The user said no."};
}

bool RuleGate::begin_asking(const agent::Turn& turn, const std::stop_token& stop) {
    {
        const Lock lock(mutex_);
        ++waiting_;
    }
    turn.await(stop);
    const std::stop_callback wake(stop, [this] {
        // Under the mutex, so that the request cannot fall between a waiter's check and its wait.
        { const Lock lock(mutex_); }
        asking_ended_.notify_all();
    });
    Lock lock(mutex_);
    while (asking_ && !stop.stop_requested())
        asking_ended_.wait(lock);
    --waiting_;
    if (stop.stop_requested()) return false;
    asking_ = true;
    return true;
}

void RuleGate::end_asking() {
    {
        const Lock lock(mutex_);
        asking_ = false;
    }
    asking_ended_.notify_all();
}

void RuleGate::remember(const std::vector<std::string>& rules) {
    for (const std::string& text : rules) {
        auto rule = Rule::parse({text, "always for this session", config_.workspace}, bases_);
        if (!rule) continue;
        const Lock lock(mutex_);
        const auto is_same = [&](const Rule& known) { return known.text() == text; };
        if (std::none_of(session_rules_.begin(), session_rules_.end(), is_same))
            session_rules_.push_back(std::move(*rule));
    }
}

std::vector<Rule> RuleGate::session_rules() const {
    const Lock lock(mutex_);
    return session_rules_;
}

void RuleGate::restore(SessionPermissions permissions) {
    take(permissions.stance);
    const Lock lock(mutex_);
    session_rules_ = std::move(permissions.rules);
}

std::optional<Rule> RuleGate::forget(std::size_t number) {
    const Lock lock(mutex_);
    if (number == 0 || number > session_rules_.size()) return std::nullopt;
    const auto found = session_rules_.begin() + static_cast<std::ptrdiff_t>(number - 1);
    Rule rule = std::move(*found);
    session_rules_.erase(found);
    return rule;
}

std::size_t RuleGate::waiting_questions() const {
    const Lock lock(mutex_);
    return waiting_;
}

}  // namespace tenon::permission
