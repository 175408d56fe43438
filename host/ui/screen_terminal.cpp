#include "host/ui/screen_terminal.h"

#include <algorithm>
#include <cerrno>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"
#include "host/ui/style.h"
#include "host/ui/text_width.h"
#include "host/ui/untrusted.h"
#include "host/ui/window_size.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kWorkAtOnce{2};  // then a key gets its turn
constexpr milliseconds kBetweenDraws{16};
constexpr milliseconds kAfterResize{40};  // sizes come in bursts while somebody drags

}  // namespace

Utf8Locale::Utf8Locale() {
    for (const char* name : {"C.UTF-8", ""}) {
        locale_t locale = ::newlocale(LC_CTYPE_MASK, name, nullptr);
        if (locale == nullptr) continue;
        if (std::string_view(::nl_langinfo_l(CODESET, locale)) == "UTF-8") {
            locale_ = locale;
            before_ = ::uselocale(locale);
            return;
        }
        ::freelocale(locale);
    }
}

Utf8Locale::~Utf8Locale() {
    if (locale_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(locale_);
}

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

void ScreenTerminal::pump() {
    if (patience() == milliseconds(0) && (changed_ || resized_)) draw();
    const milliseconds time = wakeups_.has_work() ? milliseconds(0) : patience();
    const auto readiness = wakeups_.wait(closed_ ? -1 : options_.in, time);
    take_signals();
    if (readiness.gone && !closed_) lost();
    if (readiness.readable) read_keys();
    if (keys_.empty()) wakeups_.run_posted(kWorkAtOnce);
}

/// Until the next drawing is due.
milliseconds ScreenTerminal::patience() {
    if (lost_ || (!changed_ && !resized_)) return Wakeups::kForever;
    if (at_once_) return milliseconds(0);
    const auto due = drawn_ + (resized_ ? kAfterResize : kBetweenDraws);
    const auto left = std::chrono::ceil<milliseconds>(due - steady_clock::now());
    return std::max(left, milliseconds(0));
}

void ScreenTerminal::take_signals() {
    const Wakeups::Signals seen = wakeups_.take_signals();
    if (seen.stop) {
        suspend();
    } else if (seen.resumed) {
        // Stopped without a word: whatever stands on the screen now, it is not ours.
        modes_.set_again();
        area_.forget();
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
    std::vector<Key> keys = decoder_.feed({buffer, static_cast<std::size_t>(n)});
    // Whole lines, from a program or typed before the terminal was in our mode: their ends are
    // Enter.
    if (keys.size() > 1 && keys.back() == Key(Typed{L'\n'}))
        std::replace(keys.begin(), keys.end(), Key(Typed{L'\n'}), Key(Typed{L'\r'}));
    // Several at once are a paste without brackets, or have waited long.
    const auto enters = std::count(keys.begin(), keys.end(), Key(Typed{L'\r'}));
    const bool alone = keys.size() - static_cast<std::size_t>(enters) <= 1;
    if (decoder_.is_pasting()) changed_ = true;
    for (Key& key : keys)
        keys_.push_back({std::move(key), alone && question_});
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
    if (!question && !question_) return;
    question_ = std::move(question);
    changed_ = at_once_ = true;
    enter_belongs_to_answer_ = enter_belongs_to_answer_ && !question_;
    if (!question_) return;
    keep_what_was_typed();
    draw();
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
    for (const std::string& line : question_ ? question_->lines : std::vector<std::string>{})
        for (std::string& row : fold(line, size_.columns))
            parts.question.push_back(std::move(row));
    parts.hints = hints_;
    if (decoder_.is_pasting()) parts.hints = {"receiving pasted text…"};
    const Style style = options_.colour ? Style::kColour : Style::kPlain;
    const std::string prompt = paint(style, kBold, ">") + " ";
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

void ScreenTerminal::draw() {
    if (lost_) return;
    LiveRows rows = lay_out(parts(), size_);
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

}  // namespace tenon::ui
