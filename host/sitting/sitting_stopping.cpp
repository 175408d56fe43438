// Stopping the turn, and the prompts that wait.
#include <csignal>

#include "host/base/clock.h"
#include "host/base/forced_end.h"
#include "host/base/untrusted.h"
#include "host/sitting/sitting.h"

namespace tenon::sitting {
namespace {

constexpr int kAfterInterrupt = 130;

}  // namespace

/// Ctrl-C and signals, as far as something runs that they stop. When it has not stopped long after
/// the first of them, the process ends here.
void Sitting::request_stop(int signal) {
    const bool is_stopping = phase_ == Phase::kOpening || phase_ == Phase::kClosing ||
                             (phase_ == Phase::kOpen && !thread_->is_quiet());
    // At a question how to leave, Ctrl-C goes back to the prompt.
    if (signal != SIGINT || is_stopping) stop_requested(signal);
}

void Sitting::handle(const terminal::Interrupt& interrupt) {
    const bool again = std::exchange(interrupt_may_leave_, false) && interrupt.repeated;
    request_stop(SIGINT);
    if (phase_ == Phase::kClosing) return;
    if (phase_ == Phase::kAskingHowToLeave || phase_ == Phase::kWaitingToLeave) return stay();
    const bool works = phase_ == Phase::kOpen && !thread_->is_quiet();
    const bool may_leave = !works && thread_->queued_prompts().empty() && !interrupt.had_text;
    if (may_leave && again) return leave(kAfterInterrupt);
    if (may_leave) {
        interrupt_may_leave_ = true;
        return print("Ctrl-C again leaves; so do Ctrl-D and /exit.");
    }
    if (!works && interrupt.had_text) return terminal_.clear_line();
    stop_turn();
}

void Sitting::handle(const terminal::Escape& escape) {
    if (phase_ == Phase::kAskingHowToLeave || phase_ == Phase::kWaitingToLeave) return stay();
    if (phase_ != Phase::kOpen || (escape.line_is_empty && take_back_prompt())) return;
    if (thread_->is_quiet()) return;
    // Only Ctrl-C and signals end a process that hangs.
    if (!stop_is_overdue()) stop_requested(SIGINT);
    stop_turn();
}

void Sitting::handle(const terminal::TakeBack&) {
    (void)take_back_prompt();
}

bool Sitting::take_back_prompt() {
    const auto prompt = thread_->take_back_prompt();
    if (!prompt) return false;
    terminal_.put_in_line(*prompt);
    refresh_waiting();
    return true;
}

/// The prompts that wait go back into the line, so that nothing is lost.
void Sitting::stop_turn() {
    const std::vector<std::string> prompts = thread_->interrupt();
    std::string text;
    for (const std::string& prompt : prompts)
        text += (text.empty() ? "" : "\n") + prompt;
    if (!text.empty() && !terminal_.put_in_line(text)) {
        for (const std::string& prompt : prompts)
            print("Not sent: " + visible(prompt, true));
    }
    refresh_waiting();
}

void Sitting::refresh_waiting() {
    Unfinished unfinished = unfinished_.work();
    if (thread_) unfinished.prompts = thread_->queued_prompts();
    unfinished.queued_jobs = status_.jobs.queued;
    status_.queued_prompts = unfinished.prompts.size();
    terminal_.set_can_take_back(!unfinished.prompts.empty());
    WaitingView view;
    view.width = width();
    view.rows = static_cast<std::size_t>(std::max(terminal_.height(), 2)) / 2;
    view.now_ms = wall_clock_ms();
    view.is_redrawn = status_.working_since_ms != 0;
    view.style = style_;
    for (std::string& prompt : unfinished.prompts)
        prompt = setup_.secrets.redact(terminal_.echo_of(prompt));
    terminal_.set_waiting(waiting_rows(unfinished, view));
}

}  // namespace tenon::sitting
