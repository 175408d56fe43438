// The terminal while another program has it.
#include <utility>

#include "host/terminal/screen_terminal.h"

namespace tenon::terminal {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOutsideWorkBudget{100};  // no key waits meanwhile

}  // namespace

/// Erases the live area; the cursor is where it began.
void ScreenTerminal::give_away() {
    write(area_.update(std::exchange(finished_, {}), {}, size_));
}

void ScreenTerminal::come_back() {
    area_.forget();
    write("\r\033[J");
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
}

OutsideEvents ScreenTerminal::wait_outside(int fd, milliseconds timeout) {
    const auto readiness = wakeups_.wait(fd, wakeups_.has_work() ? milliseconds(0) : timeout);
    const ScreenSize before = size_;
    handle_signals();
    wakeups_.run_posted(kOutsideWorkBudget);
    return {readiness.readable || readiness.gone, size_ != before, closed_};
}

Result<int> ScreenTerminal::run_program(const OutsideProgram& program) {
    Result<int> end = 0;
    run_outside([&] {
        end = run_outside_program(
            program, options_.in, options_.out,
            [this](int fd, milliseconds timeout) { return wait_outside(fd, timeout); });
    });
    return end;
}

}  // namespace tenon::terminal
