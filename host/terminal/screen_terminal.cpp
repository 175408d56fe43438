#include "host/terminal/screen_terminal.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"
#include "host/base/untrusted.h"
#include "host/terminal/question_rows.h"

namespace tenon::terminal {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kScreenWorkBudget{2};  // for posted work, between two keys
constexpr milliseconds kBetweenDraws{16};
constexpr milliseconds kAfterResize{40};  // sizes come in bursts while somebody drags
/// Until it is sure that the terminal has no other size, where drawing would erase finished lines.
constexpr milliseconds kAfterResizeToldLate{300};
/// Nobody can answer a question sooner than this: an earlier key was meant for the edited line.
constexpr milliseconds kTimeToRead{500};
/// After an ESC: the rest of a key sequence comes sooner than this, so then it was the key Esc.
constexpr milliseconds kRestOfSequence{50};

}  // namespace

ScreenTerminal::ScreenTerminal(TerminalOptions options)
    : options_(std::move(options)),
      modes_(options_.in, options_.out, options_.kind),
      decoder_(editrc_text()),
      history_(options_.history, options_.workspace),
      completer_(options_.workspace,
                 [this](FoundPaths found) {
                     post([this, found = std::move(found)] { take_paths(found); });
                 }),
      size_(screen_size(options_.out)),
      area_(options_.kind.rewraps) {}

Result<void> ScreenTerminal::start() {
    if (!wakeups_.ok()) return Error::from_errno("watch for signals");
    auto editor = LineEditor::open([this] { return next_character(); });
    if (!editor) return editor.error();
    editor_ = std::move(*editor);
    modes_.enter();
    return {};
}

ScreenTerminal::~ScreenTerminal() {
    close_pager();
    if (!lost_ && editor_) {
        write(changed_area({}));
    }
}

Input ScreenTerminal::next() {
    while (true) {
        while (!keys_.empty() && inputs_.empty()) {
            keys_wait_ = wait_for_menu();
            if (keys_wait_ > milliseconds(0)) break;
            const TimedKey pressed = std::move(keys_.front());
            keys_.pop_front();
            handle_key(pressed);
        }
        if (!inputs_.empty()) {
            Input input = std::move(inputs_.front());
            inputs_.pop_front();
            return input;
        }
        run_once();
    }
}

ScreenTerminal::Time ScreenTerminal::now() const {
    return options_.now ? options_.now() : steady_clock::now();
}

void ScreenTerminal::run_once() {
    check_question_times();
    take_held_keys();
    const bool keys_wait = keys_wait_ > milliseconds(0);
    if (!keys_.empty() && !keys_wait) return;
    if (timeout() == milliseconds(0) && (changed_ || resized_)) draw();
    const milliseconds time = wakeups_.has_work() ? milliseconds(0) : timeout();
    const auto readiness = wakeups_.wait(closed_ ? -1 : options_.in, time);
    handle_signals();
    if (readiness.gone && !closed_) hang_up();
    if (readiness.readable) read_keys();
    if (keys_.empty() || keys_wait) wakeups_.run_posted(kScreenWorkBudget);
    keys_wait_ = milliseconds(0);
}

/// The time until the next drawing, or until the open question must be checked.
milliseconds ScreenTerminal::timeout() {
    if (lost_) return Wakeups::kForever;
    const milliseconds keys = key_timeout();
    if (!changed_ && !resized_) return keys;
    if (draw_at_once_) return milliseconds(0);
    const auto after_resize = options_.kind.tells_size_late ? kAfterResizeToldLate : kAfterResize;
    const auto due = drawn_at_ + (resized_ ? after_resize : kBetweenDraws);
    const auto left = std::chrono::ceil<milliseconds>(due - steady_clock::now());
    const milliseconds drawing = std::max(left, milliseconds(0));
    return keys < milliseconds(0) ? drawing : std::min(drawing, keys);
}

/// The time until an open question takes keys, until a held ESC counts as the key Esc, or until a
/// key no longer waits for the menu.
milliseconds ScreenTerminal::key_timeout() const {
    if (closed_) return Wakeups::kForever;
    if (keys_wait_ > milliseconds(0)) return keys_wait_;
    if (!decoder_.holds_escape() || question_waits()) return question_timeout();
    const auto left = std::chrono::ceil<milliseconds>(escape_at_ + kRestOfSequence - now());
    return std::max(left, milliseconds(0));
}

void ScreenTerminal::take_held_keys() {
    if (!decoder_.holds_escape() || question_waits()) return;
    if (now() < escape_at_ + kRestOfSequence) return;
    for (Key& key : decoder_.take_held()) {
        const bool may_answer = question_ && !std::holds_alternative<Alt>(key);
        keys_.push_back({std::move(key), escape_at_, may_answer});
    }
}

void ScreenTerminal::handle_signals() {
    const Wakeups::ReceivedSignals seen = wakeups_.take_signals();
    if (outside_) {
        // The other program has the signal too, and puts the terminal's modes back by itself.
        if (seen.stop) Wakeups::stop_this_process();
    } else if (seen.stop) {
        suspend();
    } else if (seen.resumed) {
        // Stopped by SIGSTOP: other programs may have written to the screen.
        modes_.set_again();
        if (pager_) {
            pager_->forget();  // the area is on the other screen
        } else {
            area_.forget();
            write("\r\033[J");
        }
        restart_quiet_time();
        changed_ = draw_at_once_ = true;
    }
    if (seen.resized || seen.resumed || seen.stop) take_size();
    if (seen.interrupt && !outside_) interrupt();
    if (seen.terminate) inputs_.emplace_back(Terminate{});
    if (seen.hangup) inputs_.emplace_back(Hangup{});
    if (seen.terminate || seen.hangup) {
        close_pager();
        closed_ = true;
        modes_.let_keys_signal(true);  // keys are not read any more
    }
    if (seen.hangup) lost_ = true;
}

void ScreenTerminal::take_size() {
    const ScreenSize size = screen_size(options_.out);
    if (size == size_) return;
    size_ = size;
    area_.screen_changed(size);
    resized_ = true;
    draw_at_once_ = false;
    drawn_at_ = steady_clock::now();
    if (on_resize) on_resize();
}

/// The person has just typed the command that continued the program.
void ScreenTerminal::restart_quiet_time() {
    last_typed_ = now();
    question_ready_at_ = *last_typed_ + kQuiet;
}

void ScreenTerminal::hang_up() {
    lost_ = true;
    if (!std::exchange(closed_, true)) inputs_.emplace_back(Hangup{});
}

void ScreenTerminal::read_keys() {
    char buffer[65536];
    const ssize_t n = ::read(options_.in, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
        hang_up();
        return;
    }
    const Time read = now();
    const std::string_view bytes(buffer, static_cast<std::size_t>(n));
    std::vector<Key> keys = decoder_.feed(bytes);
    if (decoder_.take_dropped()) interrupted_ = false;
    const std::vector<TerminalReport> reports = decoder_.take_reports();
    for (const TerminalReport& report : reports)
        handle_report(report);
    if (decoder_.is_pasting()) changed_ = true;
    if (decoder_.holds_escape()) escape_at_ = read;
    if (!reports.empty() && keys.empty() && !decoder_.is_pasting()) return;  // nobody has typed
    last_typed_ = read;
    // Whole lines come from a program, or were typed before the terminal had our modes: each line
    // feed is an Enter.
    if (keys.size() > 1 && bytes.back() == '\n' && keys.back() == Key(Typed{L'\n'}))
        std::replace(keys.begin(), keys.end(), Key(Typed{L'\n'}), Key(Typed{L'\r'}));
    // Several keys at once are a paste without brackets, or were typed some time ago.
    const bool one_key = keys.size() == 1 && !std::holds_alternative<Alt>(keys[0]);
    const bool alone = question_ && (one_key || is_word_of_choice(keys));
    const bool may_be_esc = decoder_.holds_escape() && read >= question_ready_at_;
    if (question_ && !alone && !may_be_esc) question_ready_at_ = read + kQuiet;
    for (Key& key : keys)
        keys_.push_back({std::move(key), read, alone});
}

void ScreenTerminal::print(std::string_view lines) {
    if (lines.empty()) return;
    finished_ += lines;
    if (lines.back() != '\n') finished_ += '\n';
    changed_ = true;
}

void ScreenTerminal::set_tail(std::vector<std::string> lines) {
    tail_ = std::move(lines);
    changed_ = true;
}

void ScreenTerminal::set_waiting(std::vector<std::string> lines) {
    if (waiting_ == lines) return;
    waiting_ = std::move(lines);
    changed_ = true;
}

bool ScreenTerminal::put_in_line(std::string_view text) {
    const std::string put = pastes_.with_placeholders(text);
    changed_ = draw_at_once_ = true;
    if (question_ && question_->text_open) {
        const bool alone = question_->line_before.empty() && question_->line_after.empty();
        question_->line_before.insert(0, alone ? put : put + "\n");
        return true;
    }
    undo_.begin(line_at_cursor());
    const std::string line = editor_->before_cursor() + editor_->after_cursor();
    put_line_ = put + (line.empty() ? "" : "\n" + line);
    editor_->set(put_line_, "");
    undo_.end(line_at_cursor());
    walk_.end();
    completer_.leave();
    return true;
}

void ScreenTerminal::clear_line() {
    undo_.begin(line_at_cursor());
    editor_->clear();
    undo_.end(line_at_cursor());
    completer_.leave();
    changed_ = draw_at_once_ = true;
}

void ScreenTerminal::set_status(std::string line) {
    if (status_ == line) return;
    status_ = std::move(line);
    changed_ = true;
}

void ScreenTerminal::set_question(std::optional<ShownQuestion> question) {
    if (!question && !question_) return;
    changed_ = draw_at_once_ = true;
    const bool same = question && question_ && question->number == question_->content.number;
    if (!same) close_question();
    if (!question) return;
    if (!same) {
        question_.emplace();
        question_->line_is_newer = editor_->empty();
    }
    if (question_->chosen && question_->content.choices != question->choices) {
        close_variants();
        question_->closed_at = now();
    }
    question_->content = std::move(*question);
    question_->subject_columns = 0;
    if (same || outside_) return;  // come_back() begins the time to wait
    read_typed_ahead();
    question_ready_at_ = now() + kTimeToRead;
    if (last_typed_) question_ready_at_ = std::max(question_ready_at_, *last_typed_ + kQuiet);
    draw();  // the status says that it waits
    question_ready_at_ =
        std::max(question_ready_at_, now() + kTimeToRead);  // drawing may take long
}

/// Keys that can be read now were typed before the question appeared: they cannot answer it.
void ScreenTerminal::read_typed_ahead() {
    pollfd entry{options_.in, POLLIN, 0};
    while (!closed_ && !outside_ && ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0)
        read_keys();
    for (TimedKey& pressed : keys_)
        pressed.may_answer = false;
}

ui::Style ScreenTerminal::style() const {
    return options_.colour ? ui::Style::kColour : ui::Style::kPlain;
}

LiveParts ScreenTerminal::parts() {
    update_menu();
    LiveParts parts;
    parts.tail = tail_;
    parts.waiting = waiting_;
    if (decoder_.is_pasting()) parts.hints = {"receiving pasted text…"};
    const std::string prompt = ui::paint(style(), ui::kBold, ">") + " ";
    if (search_) {
        parts.hints = {(search_->failed() ? "not found: " : "history: ") +
                       visible(search_->pattern())};
        parts.input = lay_out_input(search_->found().text, "", prompt, size_.columns);
    } else {
        parts.input =
            lay_out_input(editor_->before_cursor(), editor_->after_cursor(), prompt, size_.columns);
    }
    if (may_show_menu() && completer_.is_open())
        parts.menu = completer_.menu().rows(size_.columns, menu_rows(size_.rows), style());
    parts.status = status_;
    return parts;
}

LiveRows ScreenTerminal::rows_now() {
    LiveParts others = parts();
    drawn_waiting_ = question_waits();
    if (!question_) return lay_out(others, size_);
    if (question_->subject_columns != size_.columns) {
        question_->subject = rows_of(
            question_->content.subject, size_.columns,
            question_->content.subject_is_prose ? LineBreaks::kAtBlanks : LineBreaks::kAnywhere);
        question_->subject_columns = size_.columns;
    }
    others.tail.insert(others.tail.end(), others.waiting.begin(), others.waiting.end());
    others.tail.insert(others.tail.end(), others.hints.begin(), others.hints.end());
    QuestionState state;
    state.waits = drawn_waiting_;
    state.text_open = question_->text_open;
    state.variant = question_->variant;
    if (question_->chosen) state.chosen = &question_->content.choices[*question_->chosen];
    QuestionRows laid =
        lay_out_question(question_->content, question_->subject, state, others, size_, style());
    question_->shown_keys = std::move(laid.keys);
    return std::move(laid.live);
}

/// The bytes that show the lines that have finished, and `rows` below them.
std::string ScreenTerminal::changed_area(LiveRows rows) {
    const bool resized = std::exchange(resized_, false);
    const std::string finished = std::exchange(finished_, {});
    return resized ? area_.update_resized(finished, std::move(rows), size_)
                   : area_.update(finished, std::move(rows), size_);
}

void ScreenTerminal::draw() {
    if (lost_ || outside_ || draw_pager()) return;
    write(changed_area(rows_now()));
    changed_ = draw_at_once_ = false;
    drawn_at_ = steady_clock::now();
}

void ScreenTerminal::write(std::string_view bytes) {
    if (!lost_ && !write_all(options_.out, bytes)) hang_up();
}

}  // namespace tenon::terminal
