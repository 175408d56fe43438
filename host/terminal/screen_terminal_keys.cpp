// The effect of each key.
#include <cwctype>
#include <utility>

#include "host/base/character.h"
#include "host/base/untrusted.h"
#include "host/terminal/screen_terminal.h"

namespace tenon::terminal {
namespace {

constexpr wchar_t control(char letter) {
    return letter & 0x1f;
}
constexpr wchar_t kBackspace = 0x7f;
constexpr wchar_t kEscKey = 0x1b;
constexpr std::string_view kUp = "\033[A";
constexpr std::string_view kDown = "\033[B";
constexpr std::string_view kShiftTab = "\033[Z";

/// Those of which the editor would type a part.
bool is_page_key(std::string_view sequence) {
    return sequence == "\033[5~" || sequence == "\033[6~" || sequence == "\033[2~";
}

std::size_t characters_in(std::string_view text) {
    return to_wide(text).size();
}

/// The offset of the last line of `text`.
std::size_t last_line_start(std::string_view text) {
    const auto feed = text.rfind('\n');
    return feed == std::string_view::npos ? 0 : feed + 1;
}

/// The offset of the end of its first line.
std::size_t first_line_end(std::string_view text) {
    return std::min(text.find('\n'), text.size());
}

/// The beginning of `line` that holds at most so many characters.
std::string_view first_characters(std::string_view line, std::size_t count) {
    return line.substr(0, to_utf8(std::wstring_view(to_wide(line)).substr(0, count)).size());
}

}  // namespace

void ScreenTerminal::handle_key(const TimedKey& pressed) {
    changed_ = draw_at_once_ = true;
    note_key(pressed.key);
    if (pager_handles(pressed)) return;
    if (word_rest_.takes(pressed.key, pressed.at)) return;
    return_rest_to_line();
    if (const auto* alt = std::get_if<Alt>(&pressed.key); alt != nullptr && !editor_takes(*alt))
        return alt->is_certain ? write("\a") : handle_escape_and_key(alt->c, pressed.at);
    const auto* typed = std::get_if<Typed>(&pressed.key);
    if (typed != nullptr && handle_control(typed->c)) return;
    if (question_handles(pressed)) return;
    if (search_ && search(pressed.key)) return;
    if (handle_key_of_session(pressed)) return;
    edit(pressed.key);
}

/// The keys that the interactive session gives a meaning.
bool ScreenTerminal::handle_key_of_session(const TimedKey& pressed) {
    const auto* typed = std::get_if<Typed>(&pressed.key);
    const auto* sequence = std::get_if<Sequence>(&pressed.key);
    if (typed != nullptr && typed->c == kEscKey) {
        handle_escape(pressed.at);
    } else if (typed != nullptr && typed->c == control('O')) {
        inputs_.emplace_back(ShowFolded{});
    } else if (sequence != nullptr && sequence->bytes == kShiftTab) {
        inputs_.emplace_back(NextMode{});
    } else if (sequence != nullptr && sequence->bytes == kUp && may_take_back()) {
        inputs_.emplace_back(TakeBack{editor_->empty()});
    } else {
        return false;
    }
    return true;
}

/// Esc first closes what is open.
void ScreenTerminal::handle_escape(Time at) {
    if (close_menu()) return;
    if (editor_->is_in_vi_insert_mode())
        feed_editor(kEscKey);
    else if (question_ && at - question_->closed_at < kQuiet)
        write("\a");
    else
        inputs_.emplace_back(Escape{editor_->empty()});
}

/// Whether Alt and the character are a command of the editor. In vi's insert mode they are Esc and
/// a command.
bool ScreenTerminal::editor_takes(const Alt& alt) {
    return editor_->binds_alt(alt.c) || (alt.c >= 0x20 && editor_->is_in_vi_insert_mode());
}

/// Two keys that came quickly, or with Alt. They belong to no question.
void ScreenTerminal::handle_escape_and_key(wchar_t c, Time at) {
    if (!question_) handle_key({Typed{kEscKey}, at, false});
    handle_key({Typed{c}, at, false});
}

/// Also while the line is as `put_in_line` has left it: so all prompts can be taken back.
bool ScreenTerminal::may_take_back() const {
    return can_take_back_ &&
           (editor_->empty() || editor_->before_cursor() + editor_->after_cursor() == put_line_);
}

void ScreenTerminal::note_key(const Key& key) {
    if (key != Key(Typed{control('C')})) interrupted_ = false;
}

/// The control keys whose effect is not limited to the edited line.
bool ScreenTerminal::handle_control(wchar_t c) {
    if (c == control('C')) {
        interrupt();
    } else if (c == control('B')) {
        inputs_.emplace_back(ToBackground{});
    } else if (c == control('Z')) {
        suspend();
    } else if (c == control('L')) {
        write(area_.clear_screen(size_));
    } else if (c == control('D') && !search_ && editor_->empty()) {
        inputs_.emplace_back(EndOfInput{});
    } else {
        return false;
    }
    return true;
}

/// A change that can be undone.
void ScreenTerminal::edit(const Key& key) {
    undo_.begin(line_at_cursor());
    edit_line(key);
    undo_.end(line_at_cursor());
}

void ScreenTerminal::undo() {
    const auto line = undo_.undo();
    if (!line) return write("\a");
    editor_->set(line->before, line->after);
    completer_.leave();
}

void ScreenTerminal::edit_line(const Key& key) {
    if (const auto* typed = std::get_if<Typed>(&key)) {
        feed_editor(typed->c);
    } else if (const auto* pasted = std::get_if<Paste>(&key)) {
        paste(pasted->text);
    } else if (std::holds_alternative<PasteRefused>(key)) {
        print("The pasted text is larger than 8 MiB and was left out.");
    } else if (const auto* alt = std::get_if<Alt>(&key)) {
        feed_editor(std::wstring{kEscKey, alt->c});
    } else if (const auto& sequence = std::get<Sequence>(key);
               !sequence.bound && (sequence.bytes == kUp || sequence.bytes == kDown)) {
        // The arrows do the same in every mode of vi.
        do_action(sequence.bytes == kUp ? EditorAction::kUp : EditorAction::kDown);
    } else if (sequence.bound || !is_page_key(sequence.bytes)) {
        feed_editor(std::wstring(sequence.bytes.begin(), sequence.bytes.end()));
    }
}

void ScreenTerminal::feed_editor(const std::wstring& keys) {
    sequence_rest_.insert(sequence_rest_.end(), keys.begin(), keys.end());
    while (!sequence_rest_.empty()) {
        const wchar_t c = sequence_rest_.front();
        sequence_rest_.pop_front();
        feed_editor(c);
    }
}

void ScreenTerminal::feed_editor(wchar_t c) {
    const LineAtCursor before = line_at_cursor();
    const EditorAction action = editor_->feed(c);
    const LineAtCursor edited = line_at_cursor();
    if (edited.text() != before.text()) completer_.typed();
    if (const auto line = pastes_.with_whole_placeholders(before, edited))
        editor_->set(line->before, line->after);
    do_action(action);
}

LineAtCursor ScreenTerminal::line_at_cursor() const {
    return {editor_->before_cursor(), editor_->after_cursor()};
}

/// For an editor command that takes several keys: the next one.
std::optional<wchar_t> ScreenTerminal::next_character() {
    while (true) {
        if (!sequence_rest_.empty()) {
            const wchar_t c = sequence_rest_.front();
            sequence_rest_.pop_front();
            return c;
        }
        changed_ = draw_at_once_ = true;
        while (keys_.empty() && inputs_.empty() && !closed_)
            run_once();
        if (keys_.empty() || !inputs_.empty()) return std::nullopt;
        const TimedKey pressed = keys_.front();
        const auto* typed = std::get_if<Typed>(&pressed.key);
        if (typed == nullptr && !std::holds_alternative<Sequence>(pressed.key)) return std::nullopt;
        if (pager_ || is_for_question(pressed)) return std::nullopt;
        keys_.pop_front();
        note_key(pressed.key);
        if (word_rest_.takes(pressed.key, pressed.at)) continue;
        return_rest_to_line();
        if (typed != nullptr && handle_control(typed->c)) continue;
        if (question_handles(pressed)) continue;
        if (typed != nullptr) return typed->c;
        for (const char c : std::get<Sequence>(pressed.key).bytes)
            sequence_rest_.push_back(static_cast<unsigned char>(c));
    }
}

void ScreenTerminal::do_action(EditorAction action) {
    if (action != EditorAction::kUp && action != EditorAction::kDown) walk_.end();
    const std::string before = editor_->before_cursor(), after = editor_->after_cursor();
    switch (action) {
        case EditorAction::kNone:
            break;
        case EditorAction::kEnter:
            enter();
            break;
        case EditorAction::kNewline:
            editor_->insert("\n");
            break;
        case EditorAction::kUp:
        case EditorAction::kDown:
            if (!choose_in_menu(action == EditorAction::kUp) &&
                !move_within_text(action == EditorAction::kUp))
                walk_history(action == EditorAction::kUp);
            break;
        case EditorAction::kLineStart: {
            const std::size_t start = last_line_start(before);
            editor_->set(before.substr(0, start), before.substr(start) + after);
            break;
        }
        case EditorAction::kLineEnd: {
            const std::size_t end = first_line_end(after);
            editor_->set(before + after.substr(0, end), after.substr(end));
            break;
        }
        case EditorAction::kSearch:
            search_.emplace(before + after);
            completer_.leave();
            break;
        case EditorAction::kComplete:
            complete();
            break;
        case EditorAction::kUndo:
            undo();
            break;
        case EditorAction::kEditor:
            edit_outside();
            break;
    }
}

void ScreenTerminal::interrupt() {
    const bool had_text = (search_ || !editor_->empty()) && !question_;
    undo_.begin(line_at_cursor());
    if (search_) editor_->set(search_->line(), "");
    search_.reset();
    undo_.end(line_at_cursor());
    walk_.end();
    completer_.leave();
    changed_ = draw_at_once_ = true;
    inputs_.emplace_back(Interrupt{had_text, std::exchange(interrupted_, true)});
}

void ScreenTerminal::enter() {
    if (enter_takes_choice()) return;
    const std::string before = editor_->before_cursor(), after = editor_->after_cursor();
    if (!before.empty() && before.back() == '\\') {
        editor_->set(before.substr(0, before.size() - 1) + "\n", after);
        return;
    }
    const std::string line = before + after;
    if (question_ && question_->text_open) return answer_with_text();
    if (line.empty()) return;
    if (is_mistaken_answer(line)) {
        write("\a");
        editor_->clear();
        return;
    }
    std::string text = pastes_.expanded(line);
    history_.add(line, written_entry(line));
    pastes_.line_entered();
    editor_->clear();
    undo_.forget();
    completer_.leave();
    line_follows_answer_ = false;
    if (question_) question_->line_is_newer = true;
    inputs_.emplace_back(EnteredLine{std::move(text)});
}

void ScreenTerminal::paste(std::string text) {
    if (text.empty()) return;
    completer_.typed();
    const auto shown = pastes_.add(std::move(text));
    if (!shown) return print("There is no room for more pasted text in this line.");
    const LineAtCursor before = line_at_cursor();
    editor_->insert(*shown);
    if (const auto line = pastes_.with_whole_placeholders(before, line_at_cursor()))
        editor_->set(line->before, line->after);
}

/// False: the search has ended, and the key has its usual effect.
bool ScreenTerminal::search(const Key& key) {
    const auto* typed = std::get_if<Typed>(&key);
    const wchar_t c = typed != nullptr ? typed->c : 0;
    if (c == control('R')) {
        search_->older(history_.entries());
    } else if (c == kBackspace || c == control('H')) {
        search_->erase_last(history_.entries());
    } else if (c >= 0x20) {
        search_->add(to_utf8({&c, 1}), history_.entries());
    } else {
        // Ctrl-G restores the line as it was before the search. Any other key takes the entry that
        // was found, Esc only that.
        const bool back = c == control('G') || search_->found().text.empty();
        undo_.begin(line_at_cursor());
        editor_->set(back ? search_->line() : line_of(search_->found()), "");
        undo_.end(line_at_cursor());
        search_.reset();
        return c == control('G') || c == control('[');
    }
    return true;
}

bool ScreenTerminal::move_within_text(bool up) {
    const std::string before = editor_->before_cursor(), after = editor_->after_cursor();
    const std::size_t start = last_line_start(before);
    const std::size_t column = characters_in(std::string_view(before).substr(start));
    const std::string text = before + after;
    std::size_t target = 0;
    if (up) {
        if (start == 0) return false;
        target = last_line_start(std::string_view(text).substr(0, start - 1));
    } else {
        const std::size_t end = first_line_end(after);
        if (end == after.size()) return false;
        target = before.size() + end + 1;
    }
    const std::string_view line = std::string_view(text).substr(
        target, first_line_end(std::string_view(text).substr(target)));
    const std::size_t cursor = target + first_characters(line, column).size();
    editor_->set(text.substr(0, cursor), text.substr(cursor));
    return true;
}

std::string ScreenTerminal::line_of(const HistoryEntry& entry) {
    return entry.pastes.empty() ? entry.text : pastes_.adopt(entry.text, entry.pastes);
}

/// Without keys and the like.
History::Written ScreenTerminal::written_entry(const std::string& line) const {
    History::Written written{line, pastes_.pastes_in(line)};
    if (!options_.redact) return written;
    written.text = options_.redact(written.text);
    for (LongPaste& paste : written.pastes)
        paste.text = options_.redact(paste.text);
    return written;
}

void ScreenTerminal::walk_history(bool back) {
    const std::string line = editor_->before_cursor() + editor_->after_cursor();
    const HistoryEntry* entry =
        back ? walk_.back(history_.entries(), line) : walk_.forward(history_.entries());
    if (entry == nullptr)
        write("\a");
    else
        editor_->set(line_of(*entry), "");
    completer_.leave();
}

void ScreenTerminal::suspend() {
    if (pager_) show_normal_screen();
    give_away();
    modes_.leave();
    Wakeups::stop_process_group();
    (void)wakeups_.take_signals();  // those that have stopped and continued it
    modes_.enter();
    come_back();
    take_size();  // a stopped program gets no SIGWINCH
    if (pager_) pager_->forget();
}

}  // namespace tenon::terminal
