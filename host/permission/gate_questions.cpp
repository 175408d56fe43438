#include <algorithm>

#include "host/permission/judged_call.h"
#include "host/permission/refusal_text.h"
#include "host/permission/rule_offer.h"

namespace tenon::permission {

Question RuleGate::question(const JudgedCall& judged, const std::vector<const Need*>& open,
                            const Rule* rule) const {
    Question question;
    question.who = judged.who;
    question.subagent = judged.subagent;
    question.tool = judged.tool;
    question.input = judged.input;
    question.facts = judged.shown;
    std::vector<const Need*> about = open;
    if (rule != nullptr) {
        about.clear();
        for (const Need& need : judged.seen)
            if (need.matched_by_ask(*rule)) about.push_back(&need);
        // The text could not be taken apart.
        if (about.empty()) about = open;
    }
    QuestionItems items;
    for (const Need* need : about)
        items.add(need->description(config_.workspace));
    question.items = std::move(items).take();
    // An ask rule comes before every allow rule: none would spare the question.
    if (rule == nullptr) {
        RuleOffer offer = offer_for(open, config_.workspace);
        question.offers = std::move(offer.choices);
        question.remark = std::move(offer.remark);
    }
    question.title = judged.who + " wants to " + enumerated(question.items);
    return question;
}

RuleGate::Verdict RuleGate::put_question(const JudgedCall& judged, const std::stop_token& stop) {
    const Rule* rule = asks(judged);
    if (const Need* need = out_of_reach(judged)) {
        return refuse(judged, "Permission denied: " + judged.who + " wants to " +
                                  need->description(config_.workspace) +
                                  ", which is outside its folders: the workspace and those given "
                                  "with --add-dir DIR.");
    }
    if (asker_ == nullptr || config_.mode == PermissionMode::kDontAsk)
        return refuse_unasked(judged, rule);
    if (!take_turn(stop)) return {false, "Permission denied: the turn was stopped."};
    // Somebody may have answered "always" meanwhile.
    const auto open = open_needs(judged);
    UserAnswer answer{Consent::kYes, {}, {}};
    Question question;
    if (rule != nullptr || !open.empty()) {
        question = this->question(judged, open, rule);
        question.waiting = waiting_questions();
        try {
            answer = asker_->ask(question, stop);
        } catch (...) {
            end_turn();
            throw;
        }
        if (answer.consent == Consent::kAlways) remember(answer.rules);
    }
    end_turn();
    if (answer.consent != Consent::kNo) return {true, {}};
    if (stop.stop_requested()) return {false, "Permission denied: the turn was stopped."};
    std::string reason =
        "Permission denied: " + shortened(question.title) + ", and the user said no.";
    if (!answer.instead.empty()) reason += " The user wants this instead: " + answer.instead;
    return refuse(judged, std::move(reason));
}

RuleGate::Verdict RuleGate::refuse_unasked(const JudgedCall& judged, const Rule* rule) {
    const auto open = open_needs(judged);
    const std::string reason =
        "Permission denied: " + shortened(question(judged, open, rule).title) + ".";
    if (rule != nullptr)
        return refuse(judged, reason + " The rule " + named(*rule) +
                                  " asks for it, and nobody can be asked; --yes answers with yes.");
    return refuse(judged, reason + advice(open, config_.workspace));
}

RuleGate::Verdict RuleGate::ask(std::string_view who, std::string_view question,
                                std::stop_token stop) {
    const std::string refused =
        "Permission denied: " + std::string(who) + " asks: " + std::string(question);
    if (config_.mode == PermissionMode::kPlan)
        return {false, refused + " The permission mode is plan."};
    if (config_.mode == PermissionMode::kBypassPermissions ||
        (config_.yes && config_.mode != PermissionMode::kDontAsk))
        return {true, {}};
    if (asker_ == nullptr || config_.mode == PermissionMode::kDontAsk)
        return {false, refused + " Nobody can be asked; --yes answers with yes."};
    if (!take_turn(stop)) return {false, "Permission denied: the turn was stopped."};
    UserAnswer answer;
    try {
        Question put;
        put.who = who;
        put.input = Json::object();
        put.title = question;
        put.waiting = waiting_questions();
        answer = asker_->ask(put, stop);
    } catch (...) {
        end_turn();
        throw;
    }
    end_turn();
    if (answer.consent != Consent::kNo) return {true, {}};
    return {false, refused + " The user said no."};
}

bool RuleGate::take_turn(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
        // Under the mutex, so that the request cannot fall between a waiter's check and its wait.
        { const Lock lock(mutex_); }
        turn_.notify_all();
    });
    Lock lock(mutex_);
    ++waiting_;
    while (asking_ && !stop.stop_requested())
        turn_.wait(lock);
    --waiting_;
    if (stop.stop_requested()) return false;
    asking_ = true;
    return true;
}

void RuleGate::end_turn() {
    {
        const Lock lock(mutex_);
        asking_ = false;
    }
    turn_.notify_all();
}

void RuleGate::remember(const std::vector<std::string>& rules) {
    for (const std::string& text : rules) {
        auto rule = Rule::parse({text, "always for this session", config_.workspace}, places_);
        if (!rule) continue;
        const Lock lock(mutex_);
        session_.push_back(std::move(*rule));
    }
}

std::size_t RuleGate::waiting_questions() const {
    const Lock lock(mutex_);
    return waiting_;
}

}  // namespace tenon::permission
