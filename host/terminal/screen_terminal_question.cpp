// The effect of keys while a question is open.
#include <algorithm>
#include <cctype>
#include <utility>

#include "host/terminal/question_rows.h"
#include "host/terminal/screen_terminal.h"

namespace tenon::terminal {
namespace {

using std::chrono::milliseconds;

/// A key of ASCII, as a small letter or a control code; else 0.
char plain_key(const Key& key) {
    const auto* typed = std::get_if<Typed>(&key);
    if (typed == nullptr || typed->c <= 0 || typed->c >= 0x80) return 0;
    return static_cast<char>(std::tolower(static_cast<int>(typed->c)));
}

bool is_text(const Key& key) {
    const auto* typed = std::get_if<Typed>(&key);
    return typed != nullptr && typed->c >= 0x20 && typed->c != 0x7f;
}

bool is_pasted(const Key& key) {
    return std::holds_alternative<Paste>(key) || std::holds_alternative<PasteRefused>(key);
}

bool is_key_or_word(const Choice& choice, std::string_view text) {
    return text == std::string_view(&choice.key, 1) ||
           (!choice.word.empty() && text == choice.word);
}

/// Whether `line` is the key or the word of `choice`, alone or behind keys of other choices. Before
/// these one more letter may stand: a key that the question has refused.
bool ends_in_answer(std::string_view line, const Choice& choice,
                    const std::vector<Choice>& choices) {
    const auto are_keys = [&choices](std::string_view keys) {
        return std::all_of(keys.begin(), keys.end(), [&choices](char key) {
            return std::any_of(choices.begin(), choices.end(),
                               [key](const Choice& one) { return one.key == key; });
        });
    };
    for (const std::string_view end :
         {std::string_view(&choice.key, 1), std::string_view(choice.word)}) {
        if (end.empty() || !line.ends_with(end)) continue;
        const std::string_view before = line.substr(0, line.size() - end.size());
        if (before.empty()) return true;
        const bool is_letter = std::isalpha(static_cast<unsigned char>(before.front())) != 0;
        if (is_letter && are_keys(before.substr(1))) return true;
    }
    return false;
}

}  // namespace

bool ScreenTerminal::question_waits() const {
    return question_ && !question_->text_open &&
           (now() < question_ready_at_ || decoder_.is_pasting());
}

bool ScreenTerminal::has_label(char key) const {
    return question_->shown_keys.find(key) != std::string::npos;
}

/// Whether keys that came in one piece, from a script or over a slow connection, are an answer: a
/// word, or its beginning, since the first letter alone answers.
bool ScreenTerminal::is_word_of_choice(const std::vector<Key>& keys) const {
    std::string text;
    for (const Key& key : keys)
        text += plain_key(key);
    if (text.ends_with(kEnterKey)) text.pop_back();
    const auto& choices = question_->content.choices;
    return std::any_of(choices.begin(), choices.end(), [&](const Choice& choice) {
        return is_key_or_word(choice, text) || (!text.empty() && choice.word.starts_with(text));
    });
}

/// The time until the question takes keys.
milliseconds ScreenTerminal::question_timeout() const {
    if (!question_ || question_->text_open || now() >= question_ready_at_) return Wakeups::kForever;
    return std::chrono::ceil<milliseconds>(question_ready_at_ - now());
}

void ScreenTerminal::check_question_times() {
    if (question_ && drawn_waiting_ && !question_waits()) changed_ = draw_at_once_ = true;
}

/// Draws again if the labels on the screen are for another size, or say that the question waits.
void ScreenTerminal::update_labels() {
    take_size();
    if (resized_ || drawn_waiting_) draw();
}

/// Whether the question will take or refuse the key. An editor command of several keys is then
/// given up, since the line must not change in the middle of one.
bool ScreenTerminal::is_for_question(const TimedKey& pressed) const {
    if (!question_ || !pressed.may_answer) return false;
    const bool is_escape = plain_key(pressed.key) == kEscapeKey;
    if (question_->text_open) return is_escape;
    if (is_escape && !has_label(kEscapeKey)) return false;  // it stops the turn
    return pressed.at >= question_ready_at_ && !is_pasted(pressed.key);
}

/// False: the key is for the edited line.
bool ScreenTerminal::question_handles(const TimedKey& pressed) {
    if (!question_) return false;
    if (question_->text_open) return handle_text_line_key(pressed);
    if (!is_for_question(pressed)) {
        return_letters_to_line(pressed.at);
        question_ready_at_ = std::max(question_ready_at_, pressed.at + kQuiet);
        return false;
    }
    update_labels();
    const char key = plain_key(pressed.key);
    if (is_other_choice(key, pressed)) {
        question_->chosen.reset();
        draw();
    }
    if (key != 0 && has_label(key)) {
        if (key == kShowAllKey) {
            print_whole_question();
            return true;
        }
        if (question_->chosen) {
            handle_variant_key(key, pressed);
            return true;
        }
        if (choose(key, pressed)) return true;
    }
    return refuse(pressed);
}

/// Whether the key switches from the variants of one choice to another choice, without Esc. When it
/// comes quickly behind keys of several choices, or when the edited line has text, it is typing.
bool ScreenTerminal::is_other_choice(char key, const TimedKey& pressed) const {
    if (!question_->chosen || key == 0 || has_label(key)) return false;
    const auto& choices = question_->content.choices;
    if (key == choices[*question_->chosen].key ||
        std::none_of(choices.begin(), choices.end(),
                     [key](const Choice& one) { return one.key == key; }))
        return false;
    if (pressed.at - question_->last_letter_at >= kQuiet) return true;
    const std::wstring& letters = question_->letters;
    return editor_->empty() && letters.find_first_not_of(letters.substr(0, 1)) == letters.npos;
}

void ScreenTerminal::close_variants() {
    question_->chosen.reset();
    question_->letters.clear();
}

bool ScreenTerminal::choose(char key, const TimedKey& pressed) {
    if (key == kTabKey) {
        open_text_line();
        return true;
    }
    const auto& choices = question_->content.choices;
    const auto choice = std::find_if(choices.begin(), choices.end(),
                                     [key](const Choice& one) { return one.key == key; });
    if (choice == choices.end()) return false;
    if (choice->variants.empty()) {
        const std::string word = choice->word;
        answer(key);
        word_rest_.begin(key, word, pressed.at);
        return true;
    }
    question_->chosen = static_cast<std::size_t>(choice - choices.begin());
    question_->variant = 0;
    if (pressed.at - question_->last_letter_at >= kQuiet) question_->letters.clear();
    question_->letters += std::get<Typed>(pressed.key).c;
    question_->last_letter_at = pressed.at;
    draw();  // from now on Enter has a label
    return true;
}

void ScreenTerminal::handle_variant_key(char key, const TimedKey& pressed) {
    const Choice& choice = question_->content.choices[*question_->chosen];
    if (key == kEnterKey) {
        answer(choice.key, question_->variant);
        word_rest_.begin_behind_enter(pressed.at);
    } else if (key == kEscapeKey) {
        close_variants();
    } else {
        question_->variant = (question_->variant + 1) % choice.variants.size();
        question_->letters += std::get<Typed>(pressed.key).c;
        question_->last_letter_at = pressed.at;
    }
    if (question_) draw();
}

/// Rings the bell, and makes the question wait for quiet. Returns false for text, which may belong
/// to a line that the person goes on typing.
bool ScreenTerminal::refuse(const TimedKey& pressed) {
    write("\a");
    return_letters_to_line(pressed.at);
    question_ready_at_ = pressed.at + kQuiet;
    return !is_text(pressed.key);
}

/// Moves the keys that opened the variants into the edited line, if the next key followed at once.
void ScreenTerminal::return_letters_to_line(Time next_key_at) {
    question_->chosen.reset();
    const std::wstring letters = std::exchange(question_->letters, {});
    if (next_key_at - question_->last_letter_at >= kQuiet) return;
    for (const wchar_t c : letters)
        edit(Typed{c});
}

/// Moves keys into the edited line that were dropped as the rest of a word and were not.
void ScreenTerminal::return_rest_to_line() {
    for (const char c : word_rest_.give_back())
        edit(Typed{static_cast<wchar_t>(c)});
}

void ScreenTerminal::print_whole_question() {
    print(question_->content.title);
    for (const std::string& line : question_->content.subject)
        print(line);
    if (!question_->chosen) return;
    const Choice& choice = question_->content.choices[*question_->chosen];
    for (const std::string& line : choice.variants[question_->variant].lines)
        print(line);
}

void ScreenTerminal::open_text_line() {
    if (search_) editor_->set(search_->line(), "");
    search_.reset();
    question_->line_before = editor_->before_cursor();
    question_->line_after = editor_->after_cursor();
    editor_->clear();
    walk_.end();
    question_->text_open = true;
    undo_.forget();
}

void ScreenTerminal::close_text_line() {
    if (!question_->text_open) return;
    question_->text_open = false;
    undo_.forget();
    walk_.end();
    search_.reset();
    editor_->set(question_->line_before, question_->line_after);
}

/// Only Esc is not for the editor.
bool ScreenTerminal::handle_text_line_key(const TimedKey& pressed) {
    if (!is_for_question(pressed) || search_) return false;
    close_text_line();
    question_ready_at_ = pressed.at + kQuiet;
    draw();
    return true;
}

void ScreenTerminal::answer_with_text() {
    std::string text = pastes_.expanded(editor_->before_cursor() + editor_->after_cursor());
    const char key = question_->content.text_choice->key;
    const Time entered = last_typed_.value_or(now());
    answer(key, 0, std::move(text));
    word_rest_.begin_behind_enter(entered);
}

void ScreenTerminal::answer(char key, std::size_t variant, std::string text) {
    const std::size_t number = question_->content.number;
    close_question();
    line_follows_answer_ = editor_->empty();
    inputs_.emplace_back(QuestionAnswer{number, key, variant, std::move(text)});
}

void ScreenTerminal::close_question() {
    if (!question_) return;
    close_text_line();
    question_.reset();
}

/// Whether an entered line was meant as an answer but came too early, or is the rest of a word that
/// has answered.
bool ScreenTerminal::is_mistaken_answer(const std::string& line) const {
    if (line_follows_answer_ && word_rest_.is_late_rest(line, now())) return true;
    if (!question_ || !question_->line_is_newer) return false;
    const std::string lower = lower_case(line);
    auto choices = question_->content.choices;
    const auto& others = question_->content.not_offered;
    choices.insert(choices.end(), others.begin(), others.end());
    return std::any_of(choices.begin(), choices.end(), [&](const Choice& choice) {
        return lower == choice.brief || ends_in_answer(lower, choice, choices);
    });
}

}  // namespace tenon::terminal
