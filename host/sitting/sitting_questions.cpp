// Permission questions.
#include "host/base/untrusted.h"
#include "host/config/rule_file.h"
#include "host/sitting/sentence.h"
#include "host/sitting/sitting.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {
namespace {

constexpr std::size_t kMostKeptRows = 20;  // of the diff of an allowed call

}  // namespace

void Sitting::put_question(std::size_t number, const permission::Question& question) {
    const std::size_t place = answered_in_a_row_ + 1;
    question_ = {number, question, {}, place, place + question.waiting};
    update_question_text();
    show_question();
    attention_.question_appeared(question_->text.shown.title);
    refresh_status();
}

void Sitting::withdraw_question(std::size_t number) {
    if (!question_ || question_->number != number) return;
    question_.reset();
    show_question();
}

/// Makes the texts again, for the present size of the screen and contents of the files.
void Sitting::update_question_text() {
    question_->text =
        question_text(question_->question, question_->place, question_->total, question_view());
    question_->text.shown.number = question_->number;
}

QuestionView Sitting::question_view() const {
    const config::Settings& settings = setup_.settings;
    return {settings.config_dir, settings.workspace, width(), style_};
}

/// More questions may have come since this one was shown.
void Sitting::update_question_count() {
    if (!question_) return;
    const std::size_t total = question_->place + further_questions();
    if (total == question_->total) return;
    question_->total = total;
    question_->text.shown.title =
        question_title(question_->question, question_->place, total, question_view());
    show_question();
}

std::size_t Sitting::further_questions() const {
    return session_ != nullptr ? session_->waiting_questions() : 0;
}

/// The one that is shown, and those that wait behind it.
std::size_t Sitting::open_questions() const {
    const bool is_shown = question_ || phase_ == Phase::kAskingHowToLeave;
    return (is_shown ? 1 : 0) + further_questions();
}

void Sitting::answer_question(const terminal::QuestionAnswer& given) {
    using permission::Consent;
    const auto& offers = question_->question.offers;
    permission::UserAnswer answer;
    std::string words = "no";
    if (given.key == 'y') {
        answer.consent = Consent::kYes;
        words = "yes";
    } else if (given.key == 'a') {
        answer = {Consent::kAlways, offers[given.variant], {}};
        words = "always for this session";
    } else if (given.key == 'p') {
        if (!keep_rules(given.variant)) {
            update_question_text();
            return show_question();
        }
        answer = {Consent::kAlways, offers[question_->text.kept[given.variant].offer], {}};
        words = "permanently";
        permanent_rules_.insert(permanent_rules_.end(), answer.rules.begin(), answer.rules.end());
    } else {
        answer.instead = setup_.secrets.redact(given.text);
        if (!answer.instead.empty()) words += ": " + visible(answer.instead);
    }
    for (const std::string& rule : answer.rules)
        words += (&rule == &answer.rules.front() ? ": " : ", ") + visible(rule);
    answered_in_a_row_ = further_questions() > 0 ? answered_in_a_row_ + 1 : 0;
    print(question_->text.shown.title + ": " + words);
    if (answer.consent != Consent::kNo) keep_change();
    questions_.answer(question_->number, std::move(answer));
    question_.reset();
    show_question();
}

/// The question disappears from a screen, so its diff is printed; the result does not repeat it.
void Sitting::keep_change() {
    std::vector<std::string> change = question_->text.change;
    if (change.empty()) return;
    if (change.size() > kMostKeptRows) {
        outputs_.keep_folded(question_->text.shown.title, ui::joined_lines(change));
        const std::size_t left_out = change.size() - kMostKeptRows;
        change.resize(kMostKeptRows);
        change.push_back(ui::paint(style_, ui::kDim,
                                   ui::folded_line(left_out, transcript_.fold_key(), width())));
    }
    if (screen_.escapes) print(change);
    shown_changes_.emplace_back(question_->question.tool, question_->question.input);
}

/// Writes the rules beside the user's configuration. On false the question stays open.
bool Sitting::keep_rules(std::size_t variant) {
    const auto& folder = setup_.settings.config_dir;
    const QuestionText::KeptOffer& kept = question_->text.kept[variant];
    if (auto added =
            config::add_rule_lines(folder, question_->question.offers[kept.offer], kept.lines);
        !added) {
        print("The rule was not written: " + with_full_stop(visible(added.error().message)));
        return false;
    }
    for (const std::string& line : kept.lines.lines)
        print("Added to " + visible(kept.lines.file.string()) + ": " + visible(line));
    return true;
}

void Sitting::show_question() {
    if (phase_ == Phase::kAskingHowToLeave) {
        terminal_.set_question(leave_question());
    } else if (question_) {
        terminal_.set_question(question_->text.shown);
    } else {
        terminal_.set_question(std::nullopt);
    }
    draw_status();
    if (!question_) print(std::exchange(held_lines_, {}));
}

}  // namespace tenon::sitting
