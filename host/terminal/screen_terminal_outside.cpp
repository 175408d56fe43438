// What lies around the live area: other programs that have the terminal, its title, its focus.
#include <utility>

#include "host/base/untrusted.h"
#include "host/terminal/external_editor.h"
#include "host/terminal/screen_terminal.h"

namespace tenon::terminal {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOutsideWorkBudget{100};  // no key waits meanwhile
/// Whoever has not pressed a key for this time, with a line half typed, has stopped typing.
constexpr std::chrono::seconds kStillTypes{10};

}  // namespace

/// Erases the live area; the cursor is where it began.
void ScreenTerminal::give_away() {
    write(changed_area({}));
}

void ScreenTerminal::come_back() {
    area_.forget();
    write("\r\033[J");
    show_title();
    restart_quiet_time();
    changed_ = draw_at_once_ = true;
}

void ScreenTerminal::run_outside(const std::function<void()>& program) {
    give_away();
    modes_.lend();
    outside_ = true;
    program();
    (void)wait_outside(-1, milliseconds(0));  // a Ctrl-C of the last moment is not for the session
    outside_ = false;
    modes_.take_back();
    come_back();
    if (!to_page_ || closed_) return;
    post([this] {
        if (auto text = std::exchange(to_page_, std::nullopt)) page(std::move(*text));
    });
}

OutsideEvents ScreenTerminal::wait_outside(int fd, milliseconds timeout) {
    const auto readiness = wakeups_.wait(fd, wakeups_.has_work() ? milliseconds(0) : timeout);
    const ScreenSize before = size_;
    handle_signals();
    wakeups_.run_posted(kOutsideWorkBudget);
    return {readiness.readable || readiness.gone, size_ != before, closed_};
}

Result<int> ScreenTerminal::run_program(const OutsideProgram& program) {
    if (outside_) return Error{"another program has the terminal"};
    Result<int> end = 0;
    run_outside([&] {
        end = run_outside_program(
            program, options_.in, options_.out,
            [this](int fd, milliseconds timeout) { return wait_outside(fd, timeout); });
    });
    return end;
}

void ScreenTerminal::handle_report(const TerminalReport& report) {
    using Kind = TerminalReport::Kind;
    if (report.kind == Kind::kFocusIn || report.kind == Kind::kFocusOut)
        focused_ = report.kind == Kind::kFocusIn;
    if (report.kind == Kind::kKittyKeys) modes_.use_kitty_keys();
    if (report.kind == Kind::kAttributes && has_modified_keys(report.value))
        modes_.use_modified_keys();
    const bool tmux = report.kind == Kind::kAttributes && is_tmux(report.value);
    if (tmux) options_.kind.tells_size_late = true;
    // All terminals that have kitty's keys today wrap rows anew.
    if (report.kind == Kind::kKittyKeys || tmux) area_.terminal_rewraps();
}

/// The edited line in the user's editor.
void ScreenTerminal::edit_outside() {
    constexpr std::size_t kShownWhole = 64 << 10;  // in the line
    const auto question_line = [this] { return question_ && question_->text_open; };
    const bool of_question = question_line();
    const std::string line = pastes_.expanded(line_at_cursor().text());
    const auto edited = edit_in_editor(
        line, [this](const OutsideProgram& program) { return run_program(program); });
    if (!edited) {
        print("The line stays as it is: " + visible(edited.error().message) + ".");
        return;
    }
    if (*edited == line) return;
    std::string text = pastes_.with_placeholders(*edited);
    if (text.size() > kShownWhole) text = pastes_.add(text).value_or(text);
    if (of_question != question_line() && !editor_->empty()) {
        put_in_line(text);  // another line has come back meanwhile
        return;
    }
    editor_->set(text, "");
    completer_.leave();
}

void ScreenTerminal::set_title(std::string title) {
    if (title_ == title) return;
    title_ = std::move(title);
    if (!outside_) show_title();
}

void ScreenTerminal::show_title() {
    if (options_.kind.parses_sequences && !title_.empty()) write("\033]2;" + title_ + "\033\\");
}

void ScreenTerminal::call(std::string_view text, CallWhen when) {
    if (focused_.value_or(false)) return;
    const bool types = !editor_->empty() && last_typed_ && now() - *last_typed_ < kStillTypes;
    if (when == CallWhen::kNobodyTypes && types) return;
    std::string bytes = options_.rings_bell ? "\a" : "";
    if (options_.sends_osc9 && options_.kind.takes_osc9)
        bytes += "\033]9;" + std::string(text) + "\033\\";
    if (!bytes.empty()) write(bytes);
}

}  // namespace tenon::terminal
