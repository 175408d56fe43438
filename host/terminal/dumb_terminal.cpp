#include "host/terminal/dumb_terminal.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

#include "host/base/atomic_file.h"
#include "host/base/utf8.h"
#include "host/terminal/tty_modes.h"
#include "host/terminal/word_rest.h"

namespace tenon::terminal {
namespace {

constexpr char kCtrlB = '\x02';
constexpr std::string_view kCtrlO = "\x0f";               // the kernel passes it on with the line
constexpr std::chrono::milliseconds kDumbWorkBudget{50};  // for posted work, between two reads

bool has_input(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0;
}

}  // namespace

DumbTerminal::DumbTerminal(TerminalOptions options)
    : options_(std::move(options)),
      history_(options_.history, options_.workspace),
      is_terminal_(::isatty(options_.in) == 1),
      shows_on_terminal_(is_terminal_ && ::isatty(options_.out) == 1) {
    make_ctrl_b_end_lines(true);
}

DumbTerminal::~DumbTerminal() {
    end_prompt();
    make_ctrl_b_end_lines(false);
}

void DumbTerminal::make_ctrl_b_end_lines(bool on) {
    termios modes{};
    if (::tcgetattr(options_.in, &modes) != 0) return;
    if (on) old_line_end_ = modes.c_cc[VEOL2];
    modes.c_cc[VEOL2] = on ? kCtrlB : old_line_end_;
    ::tcsetattr(options_.in, TCSANOW, &modes);
}

Input DumbTerminal::next() {
    while (true) {
        wakeups_.run_posted(kDumbWorkBudget);
        handle_signals();
        check_quiet();
        if (!inputs_.empty()) {
            Input input = std::move(inputs_.front());
            inputs_.pop_front();
            return input;
        }
        if (!closed_) show_prompt();
        const auto readiness = wakeups_.wait(closed_ ? -1 : options_.in, timeout());
        if (readiness.readable || readiness.gone) read_input();
    }
}

void DumbTerminal::handle_signals() {
    const Wakeups::ReceivedSignals seen = wakeups_.take_signals();
    if (seen.stop) {
        make_ctrl_b_end_lines(false);
        Wakeups::stop_process_group();
        make_ctrl_b_end_lines(true);
    }
    if (seen.stop || seen.resumed) prompted_ = false;
    if (seen.interrupt) {
        const bool had_text = !typed_.empty() || !continued_.empty();
        typed_.clear();
        continued_.clear();
        end_prompt();
        inputs_.emplace_back(Interrupt{had_text, std::exchange(interrupted_, true)});
    }
    if (seen.terminate) inputs_.emplace_back(Terminate{});
    if (seen.hangup) inputs_.emplace_back(Hangup{});
    if (seen.terminate || seen.hangup) closed_ = true;
    if (seen.resized && on_resize) on_resize();
}

void DumbTerminal::read_input() {
    char buffer[4096];
    const ssize_t n = ::read(options_.in, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n < 0) {
        closed_ = true;
        inputs_.emplace_back(Hangup{});
    } else if (n == 0) {
        // From a terminal this is Ctrl-D, and more input can follow.
        closed_ = !is_terminal_;
        end_prompt();
        if (closed_ && !typed_.empty()) handle_line(std::exchange(typed_, {}));
        inputs_.emplace_back(EndOfInput{});
    } else {
        last_typed_ = now();
        interrupted_ = false;
        if (waiting_) question_ready_at_ = *last_typed_ + kQuiet;
        typed_.append(buffer, static_cast<std::size_t>(n));
        handle_lines();
    }
}

DumbTerminal::Time DumbTerminal::now() const {
    return options_.now ? options_.now() : std::chrono::steady_clock::now();
}

std::chrono::milliseconds DumbTerminal::timeout() {
    using std::chrono::milliseconds;
    if (wakeups_.has_work()) return milliseconds(0);
    if (!waiting_ || closed_) return Wakeups::kForever;
    return std::max(std::chrono::ceil<milliseconds>(question_ready_at_ - now()), milliseconds(0));
}

/// Lets the question take lines once nothing has come for a second.
void DumbTerminal::check_quiet() {
    if (!waiting_ || now() < question_ready_at_) return;
    if (read_unfinished_line()) {
        question_ready_at_ = now() + kQuiet;
        return;
    }
    waiting_ = false;
    end_prompt();
    typed_before_ = std::exchange(typed_, {});
}

void DumbTerminal::handle_lines() {
    for (auto end = typed_.find_first_of("\n\x02"); end != std::string::npos;
         end = typed_.find_first_of("\n\x02")) {
        const bool to_background = typed_[end] == kCtrlB;
        std::string line = typed_.substr(0, end);
        typed_.erase(0, end + 1);
        if (to_background) {
            typed_.insert(0, line);
            end_prompt();
            inputs_.emplace_back(ToBackground{});
        } else {
            prompted_ = false;  // the kernel has echoed the line feed
            if (line == kCtrlO)
                inputs_.emplace_back(ShowFolded{});
            else
                handle_line(std::move(line));
        }
    }
}

void DumbTerminal::handle_line(std::string line) {
    if (question_ && !waiting_) {
        if (answer_with(line)) return;
        // When a line was begun before the question, this is the rest of it, typed after a pause.
        const bool continues = !typed_before_.empty();
        if (continues) typed_before_ += line;
        if (!line.empty())
            print(continues ? "Not an answer; kept for your line."
                            : "Not an answer, and not sent.");
        show_choices();
        return;
    }
    if (is_mistaken_answer(line)) {
        print("Too early for an answer. Wait until the prompt is ?, then answer.");
        return;
    }
    if (question_) line_is_newer_ = true;
    std::string text = continued_ + utf8::repair(line);
    continued_.clear();
    if (!text.empty() && text.back() == '\\') {
        text.back() = '\n';
        continued_ = std::move(text);
        return;
    }
    if (text.empty()) return;
    history_.add(text, {options_.redact ? options_.redact(text) : text});
    inputs_.emplace_back(EnteredLine{std::move(text)});
}

void DumbTerminal::print(std::string_view lines) {
    if (lines.empty()) return;
    take_prompt_away();
    write(lines);
    if (lines.back() != '\n') write("\n");
}

void DumbTerminal::page(PagedText text) {
    constexpr std::size_t kPrintedAtOnce = 1000;
    for (std::size_t at = 0; at < text.line_count(); at += kPrintedAtOnce) {
        std::string lines;
        for (const std::string& line : text.lines(at, kPrintedAtOnce))
            lines.append(line).append("\n");
        print(lines);
    }
}

void DumbTerminal::set_tail(std::vector<std::string>) {}
void DumbTerminal::set_status(std::string) {}

std::optional<DumbTerminal::ParsedAnswer> DumbTerminal::parse_answer(
    const std::string& line) const {
    const auto blank = std::min(line.find(' '), line.size());
    const std::string first = lower_case(line.substr(0, blank));
    if (first.empty()) return std::nullopt;
    const auto begin = line.find_first_not_of(' ', blank);
    const std::string text = begin == std::string::npos ? "" : line.substr(begin);
    for (const Choice& choice : question_->choices) {
        if (first == std::string(1, choice.key) || first == choice.word)
            return ParsedAnswer{&choice, 0, text};
        if (first.size() == 2 && first[0] == choice.key && first[1] >= '1' &&
            first[1] < '1' + static_cast<int>(choice.variants.size()))
            return ParsedAnswer{&choice, static_cast<std::size_t>(first[1] - '1'), text};
    }
    return std::nullopt;
}

bool DumbTerminal::takes_text(const Choice& choice) const {
    return question_->text_choice && question_->text_choice->key == choice.key;
}

bool DumbTerminal::answer_with(const std::string& line) {
    const auto parsed = parse_answer(line);
    if (!parsed || !(parsed->text.empty() || takes_text(*parsed->choice))) return false;
    QuestionAnswer answer{question_->number, parsed->choice->key, parsed->variant,
                          utf8::repair(parsed->text)};
    set_question(std::nullopt);
    inputs_.emplace_back(std::move(answer));
    return true;
}

/// Whether a line that came while the question waited was meant as an answer: "y", also "yes
/// please". "a better name" is a prompt, since the choice `a` has no word.
bool DumbTerminal::is_mistaken_answer(const std::string& line) const {
    if (!question_ || !line_is_newer_) return false;
    if (const auto parsed = parse_answer(line))
        return parsed->text.empty() || takes_text(*parsed->choice) || !parsed->choice->word.empty();
    const std::string lower = lower_case(line);
    const auto& others = question_->not_offered;
    return std::any_of(question_->choices.begin(), question_->choices.end(),
                       [&](const Choice& choice) { return lower == choice.brief; }) ||
           std::any_of(others.begin(), others.end(), [&](const Choice& choice) {
               return lower == choice.brief || lower == std::string_view(&choice.key, 1);
           });
}

void DumbTerminal::set_question(std::optional<ShownQuestion> question) {
    if (!question && !question_) return;
    if (question && question_ && question->number == question_->number) {
        question_ = std::move(question);
        return;
    }
    question_ = std::nullopt;
    waiting_ = false;
    end_prompt();
    typed_.insert(0, std::exchange(typed_before_, {}));
    if (!question) return;
    (void)read_unfinished_line();
    question_ = std::move(question);
    line_is_newer_ = typed_.empty() && continued_.empty();
    waiting_ = true;
    question_ready_at_ = last_typed_ ? *last_typed_ + kQuiet : now();
    show_question();
    if (now() < question_ready_at_) print("(waits for quiet: until nothing is typed for a second)");
}

void DumbTerminal::show_question() {
    print(question_->title);
    for (const std::string& line : question_->subject)
        print(line);
    if (!question_->remark.empty()) print(question_->remark);
    show_choices();
}

/// Shows all variants at once, since a dumb terminal cannot show them later.
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
    if (question_->text_choice)
        print("  " + std::string(1, question_->text_choice->key) + " WORDS  " +
              question_->text_choice->label);
}

/// Reads whole lines, and the beginning of a line, which the kernel hands out while canonical mode
/// is off. Returns whether there was anything.
bool DumbTerminal::read_unfinished_line() {
    termios modes{};
    if (closed_ || !is_terminal_ || ::tcgetattr(options_.in, &modes) != 0) return false;
    bool any = false;
    for (; has_input(options_.in) && !closed_; any = true)
        read_input();
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
    handle_lines();
    return any;
}

void DumbTerminal::show_prompt() {
    const bool answering = question_ && !waiting_;
    // Meanwhile only the prompt of an unfinished line is shown.
    if ((waiting_ || (busy_ && !answering)) && typed_.empty() && continued_.empty()) return;
    // A line that is typed already has been echoed, and no other one is awaited.
    if (!prompted_ && is_terminal_ && has_input(options_.in)) return;
    if (std::exchange(prompted_, true)) return;
    write(answering ? "? " : continued_.empty() ? "> " : "  ");
    if (!answering && is_terminal_) write(typed_);  // the kernel does not show it again
}

void DumbTerminal::end_prompt() {
    if (std::exchange(prompted_, false)) write("\n");
}

/// Before lines that come while a line is awaited. What is typed already stays on the screen.
void DumbTerminal::take_prompt_away() {
    if (!shows_on_terminal_ || !typed_.empty() || !continued_.empty()) return end_prompt();
    if (std::exchange(prompted_, false)) write("\r  \r");
}

void DumbTerminal::write(std::string_view text) {
    if (!write_all(options_.out, text) && !std::exchange(closed_, true))
        inputs_.emplace_back(Hangup{});
}

int DumbTerminal::width() const {
    return static_cast<int>(screen_size(options_.out).columns);
}
int DumbTerminal::height() const {
    return static_cast<int>(screen_size(options_.out).rows);
}

}  // namespace tenon::terminal
