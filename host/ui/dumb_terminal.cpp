#include "host/ui/dumb_terminal.h"

#include <cctype>
#include <cerrno>
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"
#include "host/base/utf8.h"
#include "host/ui/window_size.h"

namespace tenon::ui {
namespace {

constexpr char kCtrlB = '\x02';
constexpr std::chrono::milliseconds kWorkAtOnce{50};

bool has_input(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0;
}

}  // namespace

DumbTerminal::DumbTerminal(Options options)
    : options_(std::move(options)),
      history_(options_.history),
      is_terminal_(::isatty(options_.in) == 1) {
    let_ctrl_b_end_a_line(true);
}

DumbTerminal::~DumbTerminal() {
    end_prompt();
    let_ctrl_b_end_a_line(false);
}

void DumbTerminal::let_ctrl_b_end_a_line(bool on) {
    termios modes{};
    if (::tcgetattr(options_.in, &modes) != 0) return;
    if (on) line_end_ = modes.c_cc[VEOL2];
    modes.c_cc[VEOL2] = on ? kCtrlB : line_end_;
    ::tcsetattr(options_.in, TCSANOW, &modes);
}

Input DumbTerminal::next() {
    while (true) {
        wakeups_.run_posted(kWorkAtOnce);
        take_signals();
        if (!ready_.empty()) {
            Input input = std::move(ready_.front());
            ready_.pop_front();
            return input;
        }
        if (!closed_) show_prompt();
        using std::chrono::milliseconds;
        const auto patience = wakeups_.has_work() ? milliseconds(0) : Wakeups::kForever;
        const auto readiness = wakeups_.wait(closed_ ? -1 : options_.in, patience);
        if (readiness.readable || readiness.gone) read_some();
    }
}

void DumbTerminal::take_signals() {
    const Wakeups::Signals seen = wakeups_.take_signals();
    if (seen.stop) {
        let_ctrl_b_end_a_line(false);
        Wakeups::stop_here();
        let_ctrl_b_end_a_line(true);
    }
    if (seen.stop || seen.resumed) prompted_ = false;
    if (seen.interrupt) {
        const bool had_text = !typed_.empty() || !beginning_.empty();
        typed_.clear();
        beginning_.clear();
        end_prompt();
        ready_.emplace_back(Interrupt{had_text});
    }
    if (seen.terminate) ready_.emplace_back(Terminate{});
    if (seen.hangup) ready_.emplace_back(Hangup{});
    if (seen.terminate || seen.hangup) closed_ = true;
    if (seen.resized && on_resize) on_resize();
}

void DumbTerminal::read_some() {
    char buffer[4096];
    const ssize_t n = ::read(options_.in, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n < 0) {
        closed_ = true;
        ready_.emplace_back(Hangup{});
    } else if (n == 0) {
        // Of a terminal it is Ctrl-D, and more can come.
        closed_ = !is_terminal_;
        end_prompt();
        if (closed_ && !typed_.empty()) take_line(std::exchange(typed_, {}));
        ready_.emplace_back(EndOfInput{});
    } else {
        typed_.append(buffer, static_cast<std::size_t>(n));
        take_lines();
    }
}

void DumbTerminal::take_lines() {
    for (auto end = typed_.find_first_of("\n\x02"); end != std::string::npos;
         end = typed_.find_first_of("\n\x02")) {
        const bool to_background = typed_[end] == kCtrlB;
        std::string line = typed_.substr(0, end);
        typed_.erase(0, end + 1);
        if (to_background) {
            typed_.insert(0, line);
            end_prompt();
            ready_.emplace_back(ToBackground{});
        } else {
            prompted_ = false;  // the kernel has echoed the line's end
            take_line(std::move(line));
        }
    }
}

void DumbTerminal::take_line(std::string line) {
    if (question_ && line.size() == 1) {
        const auto key = static_cast<unsigned char>(line[0]);
        for (const char c : {line[0], static_cast<char>(std::tolower(key))})
            if (question_->keys.find(c) != std::string::npos) {
                set_question(std::nullopt);
                ready_.emplace_back(Answer{c});
                return;
            }
    }
    if (question_) {
        show_question();
        return;
    }
    std::string text = beginning_ + utf8::repair(line);
    beginning_.clear();
    if (!text.empty() && text.back() == '\\') {
        text.back() = '\n';
        beginning_ = std::move(text);
        return;
    }
    if (text.empty()) return;
    history_.add(text, options_.redact ? options_.redact(text) : text);
    ready_.emplace_back(Line{std::move(text)});
}

void DumbTerminal::print(std::string_view lines) {
    if (lines.empty()) return;
    end_prompt();
    write(lines);
    if (lines.back() != '\n') write("\n");
}

void DumbTerminal::set_tail(std::vector<std::string>) {}
void DumbTerminal::set_status(std::string) {}

void DumbTerminal::set_question(std::optional<Question> question) {
    if (!question && !question_) return;
    question_ = std::nullopt;
    end_prompt();
    typed_.insert(0, std::exchange(kept_, {}));
    if (!question) return;
    keep_what_was_typed();
    question_ = std::move(question);
    show_question();
    kept_ += std::exchange(typed_, {});
}

void DumbTerminal::show_question() {
    for (const std::string& line : question_->lines)
        print(line);
}

/// Lines, and the beginning of one: without canonical mode for a moment the kernel gives it away.
void DumbTerminal::keep_what_was_typed() {
    termios modes{};
    if (closed_ || !is_terminal_ || ::tcgetattr(options_.in, &modes) != 0) return;
    while (has_input(options_.in) && !closed_)
        read_some();
    termios raw = modes;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(options_.in, TCSANOW, &raw);
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(options_.in, buffer, sizeof buffer)) > 0;)
        typed_.append(buffer, static_cast<std::size_t>(n));
    ::tcsetattr(options_.in, TCSANOW, &modes);
    take_lines();
    kept_ = std::exchange(typed_, {});
}

void DumbTerminal::show_prompt() {
    if (std::exchange(prompted_, true)) return;
    write(question_ ? "? " : beginning_.empty() ? "> " : "  ");
    if (!question_ && is_terminal_) write(typed_);  // what the kernel no longer shows
}

void DumbTerminal::end_prompt() {
    if (std::exchange(prompted_, false)) write("\n");
}

void DumbTerminal::write(std::string_view text) {
    if (!write_all(options_.out, text) && !std::exchange(closed_, true))
        ready_.emplace_back(Hangup{});
}

int DumbTerminal::width() const {
    return static_cast<int>(window_size(options_.out).columns);
}
int DumbTerminal::height() const {
    return static_cast<int>(window_size(options_.out).rows);
}

}  // namespace tenon::ui
