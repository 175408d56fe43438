// The menu of what the word before the cursor can become.
#include "host/terminal/screen_terminal.h"

namespace tenon::terminal {
namespace {

constexpr wchar_t kPreviousKey = 'P' & 0x1f;
constexpr wchar_t kNextKey = 'N' & 0x1f;

bool needs_menu(const Key& key) {
    if (const auto* typed = std::get_if<Typed>(&key))
        return typed->c == L'\t' || typed->c == kPreviousKey || typed->c == kNextKey;
    const auto* sequence = std::get_if<Sequence>(&key);
    return sequence != nullptr && (sequence->bytes == "\033[A" || sequence->bytes == "\033[B");
}

}  // namespace

void ScreenTerminal::set_commands(std::vector<MenuCommand> commands) {
    completer_.set_commands(std::move(commands));
    changed_ = true;
}

void ScreenTerminal::take_paths(const FoundPaths& found) {
    if (completer_.take(found)) changed_ = draw_at_once_ = true;
}

/// Questions, searching and the pager come before the menu.
bool ScreenTerminal::may_show_menu() const {
    return !question_ && !search_ && !pager_;
}

void ScreenTerminal::update_menu() {
    if (!may_show_menu()) return;
    completer_.update(editor_->before_cursor(), editor_->after_cursor(),
                      std::chrono::steady_clock::now());
}

/// The time for which the next key must wait, since it needs the menu and its paths are still being
/// looked for.
std::chrono::milliseconds ScreenTerminal::wait_for_menu() {
    if (keys_.empty() || !may_show_menu() || !needs_menu(keys_.front().key))
        return std::chrono::milliseconds(0);
    if (keys_.front().key == Key(Typed{L'\t'})) completer_.typed();
    update_menu();
    return completer_.wait_for_paths(std::chrono::steady_clock::now());
}

/// Keeps the line. False when no menu was open.
bool ScreenTerminal::close_menu() {
    if (!may_show_menu()) return false;
    update_menu();
    return completer_.close();
}

/// Up and Down.
bool ScreenTerminal::choose_in_menu(bool up) {
    if (!may_show_menu()) return false;
    update_menu();
    if (!completer_.is_open()) return false;
    if (up)
        completer_.menu().choose_previous();
    else
        completer_.menu().choose_next();
    return true;
}

/// Enter: a chosen command becomes the line, which is then entered. True when a chosen path has
/// taken its place in the line, and nothing is entered.
bool ScreenTerminal::enter_takes_choice() {
    if (!may_show_menu()) return false;
    update_menu();
    const auto chosen = completer_.chosen();
    if (!chosen) return false;
    replace_word(chosen->replacement);
    return !chosen->is_command;
}

void ScreenTerminal::complete() {
    if (!may_show_menu()) return;
    completer_.typed();
    update_menu();
    const bool is_open = completer_.is_open();
    if (const auto replacement = completer_.complete())
        replace_word(*replacement);
    else if (!is_open)
        write("\a");
}

void ScreenTerminal::replace_word(const Completer::Replacement& replacement) {
    std::string after = editor_->after_cursor();
    if (replacement.text.ends_with(' ') && after.starts_with(' ')) after.erase(0, 1);
    editor_->set(editor_->before_cursor().substr(0, replacement.start) + replacement.text, after);
    completer_.typed();
}

}  // namespace tenon::terminal
