// The pager on the alternate screen.
#include <cstdlib>

#include "host/base/untrusted.h"
#include "host/terminal/screen_terminal.h"

namespace tenon::terminal {
namespace {

constexpr int kNotExecutable = 126, kNotFound = 127;  // exit codes of a shell
constexpr wchar_t kStopKey = 'Z' & 0x1f;
constexpr wchar_t kEscByte = 0x1b;

}  // namespace

void ScreenTerminal::page(PagedText text) {
    if (outside_) {
        to_page_ = std::move(text);
        return;
    }
    if (!options_.pager.empty()) {
        close_pager();  // which was used in its place
        if (page_outside(text)) return;
    }
    if (changed_ && !pager_) draw();  // what the normal screen shows at a sudden end
    pager_.emplace(std::move(text), style(), size_);
    changed_ = draw_at_once_ = true;
}

/// Runs the user's pager. False when it cannot be run.
bool ScreenTerminal::page_outside(const PagedText& text) {
    OutsideProgram program;
    program.command = options_.pager;
    program.input = text.file();
    // The text is harmless, and its colours are meant to be seen.
    if (std::getenv("LESS") == nullptr) program.environment.emplace_back("LESS", "-R");
    const auto end = run_program(program);
    if (end && *end != kNotExecutable && *end != kNotFound) return true;
    print("The pager of $PAGER cannot be run: " +
          visible(end ? options_.pager : end.error().message));
    return false;
}

/// While the pager is open, all keys but Ctrl-Z are its own.
bool ScreenTerminal::pager_handles(const TimedKey& pressed) {
    if (!pager_) return false;
    if (pressed.key == Key(Typed{kStopKey})) {
        suspend();
        return true;
    }
    if (const auto* alt = std::get_if<Alt>(&pressed.key); alt != nullptr && !alt->is_certain) {
        handle_key({Typed{kEscByte}, pressed.at, false});
        handle_key({Typed{alt->c}, pressed.at, false});
        return true;
    }
    switch (pager_->handle(pressed.key)) {
        case Pager::Effect::kStays:
            break;
        case Pager::Effect::kCloses:
            close_pager();
            break;
        case Pager::Effect::kAsksForOlder:
            close_pager();
            inputs_.emplace_back(ShowFolded{});
            break;
    }
    return true;
}

/// Whether there is a pager; then nothing else is drawn.
bool ScreenTerminal::draw_pager() {
    if (!pager_) return false;
    modes_.show_alternate_screen(true);
    if (std::exchange(resized_, false)) {
        resized_below_pager_ = true;
        pager_->forget();
    }
    pager_->set_notice(question_ ? "A question waits" : "");
    write(pager_->draw(size_));
    changed_ = draw_at_once_ = drawn_waiting_ = false;
    drawn_at_ = std::chrono::steady_clock::now();
    return true;
}

void ScreenTerminal::show_normal_screen() {
    modes_.show_alternate_screen(false);
    resized_ = resized_ || std::exchange(resized_below_pager_, false);
}

/// The normal screen shows what it showed before, and the drawing goes on from there.
void ScreenTerminal::close_pager() {
    if (!pager_) return;
    pager_.reset();
    show_normal_screen();
    restart_quiet_time();
    changed_ = draw_at_once_ = true;
}

}  // namespace tenon::terminal
