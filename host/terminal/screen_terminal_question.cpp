// What the keys do while a question stands.
#include <algorithm>
#include <cctype>
#include <utility>

#include "host/terminal/question_rows.h"
#include "host/terminal/screen_terminal.h"
#include "host/terminal/window_size.h"

namespace tenon::terminal {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kBell = "\a";
constexpr milliseconds kRestOfSequence{50};  // what a terminal sends for one key comes in one piece

std::string in_small_letters(std::string_view text) {
    std::string small;
    for (const char c : text)
        small += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return small;
}

/// ASCII as a small letter or a control code, else 0.
char plain_key(const Key& key) {
    const auto* typed = std::get_if<Typed>(&key);
    if (typed == nullptr || typed->c <= 0 || typed->c >= 0x80) return 0;
    return static_cast<char>(std::tolower(static_cast<int>(typed->c)));
}

/// What a person types into a line with it.
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

/// The key or the word, alone or behind keys of choices. The first letter may be any: one that was
/// refused.
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
    return asking_ && !asking_->words_open && (now() < ready_at_ || decoder_.is_pasting());
}

bool ScreenTerminal::has_label(char key) const {
    return asking_->shown.find(key) != std::string::npos;
}

/// An answer of several keys in one piece, from a script or over a slow line: a word or the
/// beginning of one, since its first letter alone answers.
bool ScreenTerminal::is_word(const std::vector<Key>& keys) const {
    std::string text;
    for (const Key& key : keys)
        text += plain_key(key);
    if (text.ends_with(kEnterKey)) text.pop_back();
    const auto& choices = asking_->question.choices;
    return std::any_of(choices.begin(), choices.end(), [&](const Choice& choice) {
        return is_key_or_word(choice, text) || (!text.empty() && choice.word.starts_with(text));
    });
}

/// Until a question that waits is ready, or an ESC that was held proves to be the key.
milliseconds ScreenTerminal::question_patience() const {
    if (!asking_ || closed_) return Wakeups::kForever;
    Time due = ready_at_;
    if (now() >= ready_at_ || asking_->words_open) {
        if (!decoder_.holds_escape()) return Wakeups::kForever;
        due = *last_typed_ + kRestOfSequence;
    }
    return std::max(std::chrono::ceil<milliseconds>(due - now()), milliseconds(0));
}

void ScreenTerminal::look_at_clock() {
    if (!asking_) return;
    if (drawn_waiting_ && !question_waits()) changed_ = at_once_ = true;
    if (question_waits() || !decoder_.holds_escape()) return;
    if (now() >= *last_typed_ + kRestOfSequence)
        keys_.push_back({decoder_.take_held_escape(), *last_typed_, true});
}

/// The labels are those of the last drawing: it must be one for the screen as it is now.
void ScreenTerminal::follow_size() {
    const ScreenSize size = window_size(options_.out);
    if (size != size_) {
        size_ = size;
        resized_ = true;
        if (on_resize) on_resize();
    }
    if (resized_ || drawn_waiting_) draw();
}

/// What the question is about to take or refuse. A command of several keys is given up for it, as
/// the line must not be changed in the middle of one.
bool ScreenTerminal::is_for_question(const Waiting& waiting) const {
    if (!asking_ || !waiting.may_answer) return false;
    if (asking_->words_open) return plain_key(waiting.key) == kEscapeKey;
    return waiting.read >= ready_at_ && !is_pasted(waiting.key);
}

/// Whether the question has taken the key, or refused it.
bool ScreenTerminal::question_takes(const Waiting& waiting) {
    if (!asking_) return false;
    if (asking_->words_open) return take_in_words(waiting);
    if (!is_for_question(waiting)) {
        give_letters_to_line(waiting.read);
        ready_at_ = std::max(ready_at_, waiting.read + kQuiet);
        return false;
    }
    follow_size();
    const char key = plain_key(waiting.key);
    if (is_other_choice(key, waiting)) {
        asking_->chosen.reset();
        draw();
    }
    if (key != 0 && has_label(key)) {
        if (key == kShowAllKey) {
            show_whole_question();
            return true;
        }
        if (asking_->chosen ? take_in_variants(key, waiting) : choose(key, waiting)) return true;
    }
    return refuse(waiting);
}

/// Whether somebody who looks at a rule takes another choice at once, without Esc before it. With a
/// line that is being written, or behind several choices, such keys that come quickly are typing.
bool ScreenTerminal::is_other_choice(char key, const Waiting& waiting) const {
    if (!asking_->chosen || key == 0 || has_label(key)) return false;
    const auto& choices = asking_->question.choices;
    if (key == choices[*asking_->chosen].key ||
        std::none_of(choices.begin(), choices.end(),
                     [key](const Choice& one) { return one.key == key; }))
        return false;
    if (waiting.read - asking_->lettered >= kQuiet) return true;
    const std::wstring& letters = asking_->letters;
    return editor_->empty() && letters.find_first_not_of(letters.substr(0, 1)) == letters.npos;
}

void ScreenTerminal::go_back() {
    asking_->chosen.reset();
    asking_->letters.clear();
}

bool ScreenTerminal::choose(char key, const Waiting& waiting) {
    if (key == kTabKey) {
        open_words();
        return true;
    }
    const auto& choices = asking_->question.choices;
    const auto choice = std::find_if(choices.begin(), choices.end(),
                                     [key](const Choice& one) { return one.key == key; });
    if (choice == choices.end()) return false;
    if (choice->variants.empty()) {
        const std::string word = choice->word;
        answer(key);
        rest_.begin(key, word, waiting.read);
        return true;
    }
    asking_->chosen = static_cast<std::size_t>(choice - choices.begin());
    asking_->variant = 0;
    if (waiting.read - asking_->lettered >= kQuiet) asking_->letters.clear();
    asking_->letters += std::get<Typed>(waiting.key).c;
    asking_->lettered = waiting.read;
    draw();  // Enter counts from now on
    return true;
}

bool ScreenTerminal::take_in_variants(char key, const Waiting& waiting) {
    const Choice& choice = asking_->question.choices[*asking_->chosen];
    if (key == kEnterKey) {
        answer(choice.key, asking_->variant);
        rest_.begin_behind_enter(waiting.read);
    } else if (key == kEscapeKey) {
        go_back();
    } else {
        asking_->variant = (asking_->variant + 1) % choice.variants.size();
        asking_->letters += std::get<Typed>(waiting.key).c;
        asking_->lettered = waiting.read;
    }
    if (asking_) draw();
    return true;
}

/// With a bell. Letters may be the next ones of a line that somebody goes on typing: they go there,
/// and the question waits again.
bool ScreenTerminal::refuse(const Waiting& waiting) {
    write(kBell);
    give_letters_to_line(waiting.read);
    ready_at_ = waiting.read + kQuiet;
    return !is_text(waiting.key);
}

/// The keys that led to the variants, when what comes at once behind them is typing.
void ScreenTerminal::give_letters_to_line(Time read) {
    asking_->chosen.reset();
    const std::wstring letters = std::exchange(asking_->letters, {});
    if (read - asking_->lettered >= kQuiet) return;
    for (const wchar_t c : letters)
        edit(Typed{c});
}

/// What was dropped behind an answer although it was no rest of its word.
void ScreenTerminal::give_rest_to_line() {
    for (const char c : rest_.give_back())
        edit(Typed{static_cast<wchar_t>(c)});
}

void ScreenTerminal::show_whole_question() {
    print(asking_->question.title);
    for (const std::string& line : asking_->question.subject)
        print(line);
    if (!asking_->chosen) return;
    const Choice& choice = asking_->question.choices[*asking_->chosen];
    for (const std::string& line : choice.variants[asking_->variant].lines)
        print(line);
}

void ScreenTerminal::open_words() {
    if (search_) editor_->set(search_->line(), "");
    search_.reset();
    asking_->before = editor_->before_cursor();
    asking_->after = editor_->after_cursor();
    editor_->clear();
    walk_.end();
    asking_->words_open = true;
}

void ScreenTerminal::close_words() {
    if (!asking_->words_open) return;
    asking_->words_open = false;
    walk_.end();
    search_.reset();
    hints_.clear();
    editor_->set(asking_->before, asking_->after);
}

/// The line is the editor's, but for the key that leaves it. Alt and a letter come in one piece and
/// may not answer.
bool ScreenTerminal::take_in_words(const Waiting& waiting) {
    if (!is_for_question(waiting) || search_) return false;
    close_words();
    ready_at_ = waiting.read + kQuiet;
    draw();
    return true;
}

void ScreenTerminal::refuse_with_words() {
    std::string words = pastes_.expanded(editor_->before_cursor() + editor_->after_cursor());
    const char key = asking_->question.words->key;
    const Time entered = last_typed_.value_or(now());
    answer(key, 0, std::move(words));
    rest_.begin_behind_enter(entered);
}

void ScreenTerminal::answer(char key, std::size_t variant, std::string words) {
    Answer answer{asking_->question.number, key, variant, std::move(words)};
    leave_question();
    rest_in_line_ = editor_->empty();
    ready_.emplace_back(std::move(answer));
}

void ScreenTerminal::leave_question() {
    if (!asking_) return;
    close_words();
    asking_.reset();
}

/// A line that was meant as an answer, and is none: it was typed before the question was ready, or
/// it is what was left of a word that has answered.
bool ScreenTerminal::is_word_for_question(const std::string& line) const {
    if (rest_in_line_ && rest_.is_late_rest(line, now())) return true;
    if (!asking_ || !asking_->began_here) return false;
    const std::string small = in_small_letters(line);
    const auto& choices = asking_->question.choices;
    return std::any_of(choices.begin(), choices.end(), [&](const Choice& choice) {
        return small == choice.brief || ends_in_answer(small, choice, choices);
    });
}

}  // namespace tenon::terminal
