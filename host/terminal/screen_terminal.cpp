#include "host/terminal/screen_terminal.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"
#include "host/base/untrusted.h"
#include "host/terminal/question_rows.h"
#include "host/terminal/window_size.h"
#include "host/ui/style.h"

namespace tenon::terminal {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kWorkAtOnce{2};  // then a key gets its turn
constexpr milliseconds kBetweenDraws{16};
constexpr milliseconds kAfterResize{40};  // sizes come in bursts while somebody drags
/// Nobody answers sooner what has just come up: such a key was meant for the line.
constexpr milliseconds kSeen{500};

}  // namespace

ScreenTerminal::ScreenTerminal(Options options)
    : options_(std::move(options)),
      modes_(options_.in, options_.out),
      decoder_(editrc_text()),
      history_(options_.history),
      size_(window_size(options_.out)) {}

Result<void> ScreenTerminal::start() {
    if (!wakeups_.ok()) return Error::from_errno("watch for signals");
    auto editor = LineEditor::open([this] { return next_character(); });
    if (!editor) return editor.error();
    editor_ = std::move(*editor);
    modes_.enter();
    return {};
}

ScreenTerminal::~ScreenTerminal() {
    if (!lost_ && editor_) {
        // As lines that stay, without the live area.
        write(area_.update(finished_, {}, size_));
    }
}

Input ScreenTerminal::next() {
    while (true) {
        while (!keys_.empty() && ready_.empty()) {
            Waiting waiting = std::move(keys_.front());
            keys_.pop_front();
            handle(std::move(waiting));
        }
        if (!ready_.empty()) {
            Input input = std::move(ready_.front());
            ready_.pop_front();
            return input;
        }
        pump();
    }
}

ScreenTerminal::Time ScreenTerminal::now() const {
    return options_.now ? options_.now() : steady_clock::now();
}

void ScreenTerminal::pump() {
    look_at_clock();
    if (!keys_.empty()) return;
    if (patience() == milliseconds(0) && (changed_ || resized_)) draw();
    const milliseconds time = wakeups_.has_work() ? milliseconds(0) : patience();
    const auto readiness = wakeups_.wait(closed_ ? -1 : options_.in, time);
    take_signals();
    if (readiness.gone && !closed_) lost();
    if (readiness.readable) read_keys();
    if (keys_.empty()) wakeups_.run_posted(kWorkAtOnce);
}

/// Until the next drawing is due, or the question that stands has to be looked at.
milliseconds ScreenTerminal::patience() {
    if (lost_) return Wakeups::kForever;
    const milliseconds question = question_patience();
    if (!changed_ && !resized_) return question;
    if (at_once_) return milliseconds(0);
    const auto due = drawn_ + (resized_ ? kAfterResize : kBetweenDraws);
    const auto left = std::chrono::ceil<milliseconds>(due - steady_clock::now());
    const milliseconds drawing = std::max(left, milliseconds(0));
    return question < milliseconds(0) ? drawing : std::min(drawing, question);
}

void ScreenTerminal::take_signals() {
    const Wakeups::Signals seen = wakeups_.take_signals();
    if (seen.stop) {
        suspend();
    } else if (seen.resumed) {
        // Stopped without a word: whatever stands on the screen now, it is not ours.
        modes_.set_again();
        area_.forget();
        note_typing();
        write("\r\033[J");
        changed_ = at_once_ = true;
    }
    if (seen.resized || seen.resumed || seen.stop) {
        const ScreenSize size = window_size(options_.out);
        if (size != size_) {
            size_ = size;
            resized_ = true;
            at_once_ = false;
            drawn_ = steady_clock::now();
            if (on_resize) on_resize();
        }
    }
    if (seen.interrupt) interrupt();
    if (seen.terminate) ready_.emplace_back(Terminate{});
    if (seen.hangup) ready_.emplace_back(Hangup{});
    if (seen.terminate || seen.hangup) closed_ = true;
    if (seen.hangup) lost_ = true;
}

/// Somebody has typed, though not here: the command that continued the program.
void ScreenTerminal::note_typing() {
    last_typed_ = now();
    ready_at_ = *last_typed_ + kQuiet;
}

void ScreenTerminal::lost() {
    lost_ = true;
    if (!std::exchange(closed_, true)) ready_.emplace_back(Hangup{});
}

void ScreenTerminal::read_keys() {
    char buffer[65536];
    const ssize_t n = ::read(options_.in, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
        lost();
        return;
    }
    const Time read = now();
    last_typed_ = read;
    std::vector<Key> keys = decoder_.feed({buffer, static_cast<std::size_t>(n)});
    // Whole lines, from a program or typed before the terminal was in our mode: their ends are
    // Enter.
    if (keys.size() > 1 && keys.back() == Key(Typed{L'\n'}))
        std::replace(keys.begin(), keys.end(), Key(Typed{L'\n'}), Key(Typed{L'\r'}));
    // Several at once are a paste without brackets, or have waited long.
    const bool alone = asking_ && (keys.size() == 1 || is_word(keys));
    if (decoder_.is_pasting()) changed_ = true;
    const bool may_be_esc = decoder_.holds_escape() && read >= ready_at_;
    if (asking_ && !alone && !may_be_esc) ready_at_ = read + kQuiet;
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

void ScreenTerminal::set_status(std::string line) {
    if (status_ == line) return;
    status_ = std::move(line);
    changed_ = true;
}

void ScreenTerminal::set_question(std::optional<Question> question) {
    if (!question && !asking_) return;
    changed_ = at_once_ = true;
    const bool same = question && asking_ && question->number == asking_->question.number;
    if (!same) leave_question();
    if (!question) return;
    if (!same) {
        asking_.emplace();
        asking_->began_here = editor_->empty();
    }
    if (asking_->question.choices != question->choices) go_back();
    asking_->question = std::move(*question);
    asking_->put_columns = 0;
    if (same) return;
    keep_what_was_typed();
    ready_at_ = now() + kSeen;
    if (last_typed_) ready_at_ = std::max(ready_at_, *last_typed_ + kQuiet);
    draw();                                          // says already that it waits
    ready_at_ = std::max(ready_at_, now() + kSeen);  // the terminal may be slow
}

/// What is on its way now was typed before the question stood there.
void ScreenTerminal::keep_what_was_typed() {
    pollfd entry{options_.in, POLLIN, 0};
    while (!closed_ && ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0)
        read_keys();
    for (Waiting& waiting : keys_)
        waiting.may_answer = false;
}

LiveParts ScreenTerminal::parts() const {
    LiveParts parts;
    parts.tail = tail_;
    parts.hints = hints_;
    if (decoder_.is_pasting()) parts.hints = {"receiving pasted text…"};
    const ui::Style style = options_.colour ? ui::Style::kColour : ui::Style::kPlain;
    const std::string prompt = ui::paint(style, ui::kBold, ">") + " ";
    if (search_) {
        parts.hints = {(search_->failed() ? "not found: " : "history: ") +
                       visible(search_->pattern())};
        parts.input = lay_out_input(search_->found(), "", prompt, size_.columns);
    } else {
        parts.input =
            lay_out_input(editor_->before_cursor(), editor_->after_cursor(), prompt, size_.columns);
    }
    parts.status = status_;
    return parts;
}

LiveRows ScreenTerminal::rows_now() {
    LiveParts others = parts();
    drawn_waiting_ = question_waits();
    if (!asking_) return lay_out(others, size_);
    if (asking_->put_columns != size_.columns) {
        asking_->subject = rows_of(asking_->question.subject, size_.columns);
        asking_->put_columns = size_.columns;
    }
    others.tail.insert(others.tail.end(), others.hints.begin(), others.hints.end());
    QuestionMoment moment;
    moment.waits = drawn_waiting_;
    moment.words = asking_->words_open;
    moment.variant = asking_->variant;
    if (asking_->chosen) moment.chosen = &asking_->question.choices[*asking_->chosen];
    QuestionRows laid = lay_out_question(asking_->question, asking_->subject, moment, others, size_,
                                         options_.colour ? ui::Style::kColour : ui::Style::kPlain);
    asking_->shown = std::move(laid.keys);
    return std::move(laid.live);
}

void ScreenTerminal::draw() {
    if (lost_) return;
    LiveRows rows = rows_now();
    const bool resized = std::exchange(resized_, false);
    const std::string finished = std::exchange(finished_, {});
    write(resized ? area_.update_resized(finished, std::move(rows), size_)
                  : area_.update(finished, std::move(rows), size_));
    changed_ = at_once_ = false;
    drawn_ = steady_clock::now();
}

void ScreenTerminal::write(std::string_view bytes) {
    if (!lost_ && !write_all(options_.out, bytes)) lost();
}

}  // namespace tenon::terminal
