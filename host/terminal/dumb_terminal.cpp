#include "host/terminal/dumb_terminal.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"
#include "host/base/utf8.h"
#include "host/terminal/window_size.h"

namespace tenon::terminal {
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
        look_at_clock();
        if (!ready_.empty()) {
            Input input = std::move(ready_.front());
            ready_.pop_front();
            return input;
        }
        if (!closed_) show_prompt();
        const auto readiness = wakeups_.wait(closed_ ? -1 : options_.in, patience());
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
        last_typed_ = now();
        if (waits_) ready_at_ = *last_typed_ + kQuiet;
        typed_.append(buffer, static_cast<std::size_t>(n));
        take_lines();
    }
}

DumbTerminal::Time DumbTerminal::now() const {
    return options_.now ? options_.now() : std::chrono::steady_clock::now();
}

std::chrono::milliseconds DumbTerminal::patience() {
    using std::chrono::milliseconds;
    if (wakeups_.has_work()) return milliseconds(0);
    if (!waits_ || closed_) return Wakeups::kForever;
    return std::max(std::chrono::ceil<milliseconds>(ready_at_ - now()), milliseconds(0));
}

/// The question takes lines once nothing has come for a second.
void DumbTerminal::look_at_clock() {
    if (!waits_ || now() < ready_at_) return;
    if (take_what_was_typed()) {
        ready_at_ = now() + kQuiet;
        return;
    }
    waits_ = false;
    end_prompt();
    kept_ = std::exchange(typed_, {});
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
    if (question_ && !waits_) {
        if (answers(line)) return;
        // Behind the beginning of a line it is the rest of that, typed after a pause.
        const bool goes_on = !kept_.empty();
        if (goes_on) kept_ += line;
        if (!line.empty())
            print(goes_on ? "Not an answer; kept for your line." : "Not an answer, and not sent.");
        show_choices();
        return;
    }
    if (is_word_for_question(line)) {
        print("Too early for an answer; answer when ? stands at the beginning of the line.");
        return;
    }
    if (question_) began_here_ = true;
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

std::optional<DumbTerminal::Parsed> DumbTerminal::parse_answer(const std::string& line) const {
    const auto blank = std::min(line.find(' '), line.size());
    std::string first;
    for (const char c : line.substr(0, blank))
        first += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (first.empty()) return std::nullopt;
    const auto begin = line.find_first_not_of(' ', blank);
    const std::string words = begin == std::string::npos ? "" : line.substr(begin);
    for (const Choice& choice : question_->choices) {
        if (first == std::string(1, choice.key) || first == choice.word)
            return Parsed{&choice, 0, words};
        if (first.size() == 2 && first[0] == choice.key && first[1] >= '1' &&
            first[1] < '1' + static_cast<int>(choice.variants.size()))
            return Parsed{&choice, static_cast<std::size_t>(first[1] - '1'), words};
    }
    return std::nullopt;
}

bool DumbTerminal::takes_words(const Choice& choice) const {
    return question_->words && question_->words->key == choice.key;
}

bool DumbTerminal::answers(const std::string& line) {
    const auto parsed = parse_answer(line);
    if (!parsed || !(parsed->words.empty() || takes_words(*parsed->choice))) return false;
    Answer answer{question_->number, parsed->choice->key, parsed->variant,
                  utf8::repair(parsed->words)};
    set_question(std::nullopt);
    ready_.emplace_back(std::move(answer));
    return true;
}

/// An answer that was typed while the question did not take one, and is no prompt either; also
/// "yes please". "a better name" is a prompt: `a` has no word.
bool DumbTerminal::is_word_for_question(const std::string& line) const {
    if (!question_ || !began_here_) return false;
    if (const auto parsed = parse_answer(line))
        return parsed->words.empty() || takes_words(*parsed->choice) ||
               !parsed->choice->word.empty();
    std::string small;
    for (const char c : line)
        small += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::any_of(question_->choices.begin(), question_->choices.end(),
                       [&](const Choice& choice) { return small == choice.brief; });
}

void DumbTerminal::set_question(std::optional<Question> question) {
    if (!question && !question_) return;
    if (question && question_ && question->number == question_->number) {
        question_ = std::move(question);
        return;
    }
    question_ = std::nullopt;
    waits_ = false;
    end_prompt();
    typed_.insert(0, std::exchange(kept_, {}));
    if (!question) return;
    (void)take_what_was_typed();
    question_ = std::move(question);
    began_here_ = typed_.empty() && beginning_.empty();
    waits_ = true;
    ready_at_ = last_typed_ ? *last_typed_ + kQuiet : now();
    show_question();
    if (now() < ready_at_) print("(waits for quiet: until nothing is typed for a second)");
}

void DumbTerminal::show_question() {
    print(question_->title);
    for (const std::string& line : question_->subject)
        print(line);
    if (!question_->remark.empty()) print(question_->remark);
    show_choices();
}

/// With everything that they would do, since nothing of it can be shown later.
void DumbTerminal::show_choices() {
    for (const Choice& choice : question_->choices) {
        print("  " + std::string(1, choice.key) + "  " + choice.label);
        std::size_t number = 0;
        for (const Choice::Variant& variant : choice.variants) {
            ++number;
            if (choice.variants.size() > 1)
                print("    " + std::string(1, choice.key) + std::to_string(number) + "  " +
                      variant.name);
            for (const std::string& line : variant.lines)
                print("      " + line);
        }
    }
    if (question_->words)
        print("  " + std::string(1, question_->words->key) + " WORDS  " + question_->words->label);
}

/// Lines, and the beginning of one: without canonical mode for a moment the kernel gives it away.
/// Whether there was anything.
bool DumbTerminal::take_what_was_typed() {
    termios modes{};
    if (closed_ || !is_terminal_ || ::tcgetattr(options_.in, &modes) != 0) return false;
    bool any = false;
    for (; has_input(options_.in) && !closed_; any = true)
        read_some();
    termios raw = modes;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(options_.in, TCSANOW, &raw);
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(options_.in, buffer, sizeof buffer)) > 0; any = true)
        typed_.append(buffer, static_cast<std::size_t>(n));
    ::tcsetattr(options_.in, TCSANOW, &modes);
    if (any) last_typed_ = now();
    take_lines();
    return any;
}

void DumbTerminal::show_prompt() {
    // While a question waits the prompt shows a line that goes on, and no other.
    if (waits_ && typed_.empty() && beginning_.empty()) return;
    if (std::exchange(prompted_, true)) return;
    const bool answering = question_ && !waits_;
    write(answering ? "? " : beginning_.empty() ? "> " : "  ");
    if (!answering && is_terminal_) write(typed_);  // what the kernel no longer shows
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

}  // namespace tenon::terminal
