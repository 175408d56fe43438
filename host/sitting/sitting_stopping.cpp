// Stopping the turn, and the prompts that wait.
#include <algorithm>
#include <csignal>
#include <utility>

#include "host/base/clock.h"
#include "host/base/forced_end.h"
#include "host/base/untrusted.h"
#include "host/sitting/own_command.h"
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
    const bool may_leave = !works && thread_->queued_lines().empty() && !interrupt.had_text;
    if (may_leave && again) return leave(kAfterInterrupt);
    if (may_leave) {
        interrupt_may_leave_ = true;
        return print("Ctrl-C again leaves; so do Ctrl-D and /exit.");
    }
    if (!works && interrupt.had_text) return terminal_.clear_line();
    stop_turn(!interrupt.had_text);
}

void Sitting::handle(const terminal::Escape& escape) {
    if (phase_ == Phase::kAskingHowToLeave || phase_ == Phase::kWaitingToLeave) return stay();
    if (phase_ != Phase::kOpen || (escape.line_is_empty && take_back(true))) return;
    if (thread_->is_quiet()) return;
    // Only Ctrl-C and signals end a process that hangs.
    if (!stop_is_overdue()) stop_requested(SIGINT);
    stop_turn(escape.line_is_empty);
}

void Sitting::handle(const terminal::TakeBack& request) {
    (void)take_back(request.line_is_empty);
}

/// With text behind it, a command would be entered together with that text.
bool Sitting::can_join_line(const std::string& line) const {
    const auto command = slash_command(line);
    return !own_command(line) && (!command || is_skill(command->name, skills_));
}

bool Sitting::take_back(bool line_is_empty) {
    const auto lines = thread_->queued_lines();
    if (lines.empty() || (!line_is_empty && !can_join_line(lines.back()))) return false;
    const auto line = thread_->take_back_line();
    if (!line) return false;
    terminal_.put_in_line(*line);
    refresh_waiting();
    refresh_status();
    return true;
}

/// What waits goes back into the line, so that nothing is lost. Commands that would be entered
/// together with other text are printed instead.
void Sitting::stop_turn(bool line_is_empty) {
    std::vector<std::string> lines = thread_->interrupt();
    if (lines.size() > 1 || !line_is_empty) {
        const auto commands =
            std::stable_partition(lines.begin(), lines.end(),
                                  [this](const std::string& line) { return can_join_line(line); });
        print_unsent({commands, lines.end()});
        lines.erase(commands, lines.end());
    }
    std::string text;
    for (const std::string& line : lines)
        text += (text.empty() ? "" : "\n") + line;
    if (!text.empty() && !terminal_.put_in_line(text)) print_unsent(lines);
    refresh_waiting();
}

/// What waited and is not done any more, so that it is not lost.
void Sitting::print_unsent(const Lines& lines) {
    for (const std::string& line : lines) {
        const std::string shown = setup_.secrets.redact(terminal_.echo_of(line));
        print((can_join_line(line) ? "Not sent: " : "Not run: ") + visible(shown, true));
    }
}

void Sitting::refresh_waiting() {
    Unfinished unfinished = unfinished_.work();
    if (thread_) unfinished.prompts = thread_->queued_lines();
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
    std::vector<std::string> rows = waiting_rows(unfinished, view);
    const bool has_other_height = rows.size() != std::exchange(waiting_rows_, rows.size());
    terminal_.set_waiting(std::move(rows));
    if (has_other_height) refresh_tail();
}

}  // namespace tenon::sitting
