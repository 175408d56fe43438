#pragma once

#include <fcntl.h>
#include <pty.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/base/atomic_file.h"
#include "host/base/unique_fd.h"
#include "host/terminal/screen_terminal.h"

namespace tenon::testing {

/// `git push` with two offers, and a refusal with words.
inline terminal::ShownQuestion a_question(std::size_t number) {
    const terminal::Choice::Variant exact{
        "exactly this", "Always for this session:", {"  Bash(git push origin main)"}};
    const terminal::Choice::Variant wider{
        "the wider rule", "Always for this session:", {"  Bash(git push *)"}};
    const terminal::Choice::Variant written{
        "exactly this", "This is written:", {"  permissions.allow.1=Bash(git push origin main)"}};
    terminal::ShownQuestion question;
    question.number = number;
    question.title = "bash wants to run `git push origin main`";
    question.subject = {"  $ git push origin main"};
    question.choices = {
        {'y', "yes", "yes, this once", "yes"},
        {'a', "", "always for this session: Bash(git push)", "always", {exact, wider}},
        {'p', "", "permanently", "forever", {written}},
        {'n', "no", "no", "no"},
    };
    question.text_choice =
        terminal::TextChoice{'n', "no, and say what to do instead", "words", "Instead:"};
    return question;
}

/// A ScreenTerminal whose keyboard is a socket, whose screen (80 × 24) is a file, and whose clock
/// the test sets. Nothing sleeps.
class QuestionDesk {
public:
    using Milliseconds = std::chrono::milliseconds;

    /// With a size the screen is a pseudo-terminal of that size.
    explicit QuestionDesk(std::optional<terminal::ScreenSize> size = {}) {
        int fds[2] = {-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
            throw std::runtime_error("socketpair");
        keyboard_.reset(fds[0]);
        in_.reset(fds[1]);
        if (size) {
            int far = -1, near = -1;
            if (::openpty(&far, &near, nullptr, nullptr, nullptr) != 0)
                throw std::runtime_error("openpty");
            far_.reset(far);
            out_.reset(near);
            resize(*size);
        } else {
            out_.reset(::memfd_create("screen", MFD_CLOEXEC));
        }
        terminal::TerminalOptions options;
        options.in = in_.get();
        options.out = out_.get();
        options.now = [this] { return now_ += look_; };
        terminal_ = std::make_unique<terminal::ScreenTerminal>(std::move(options));
        if (!terminal_->start()) throw std::runtime_error("the terminal does not start");
    }

    /// Only for a screen that is a pseudo-terminal. The program gets no signal.
    void resize(terminal::ScreenSize size) {
        const winsize window{static_cast<unsigned short>(size.rows),
                             static_cast<unsigned short>(size.columns), 0, 0};
        ::ioctl(out_.get(), TIOCSWINSZ, &window);
    }
    [[nodiscard]] terminal::Terminal& terminal() { return *terminal_; }
    void ask(std::size_t number) { terminal_->set_question(a_question(number)); }
    void passes(Milliseconds time) { now_ += time; }
    void each_look_at_the_clock_takes(Milliseconds time) { look_ = time; }

    /// Sends keys in one piece, after that time; returns the input that they cause.
    std::vector<terminal::Input> types(std::string_view keys,
                                       Milliseconds after = Milliseconds(33)) {
        passes(after);
        (void)write_all(keyboard_.get(), keys);
        return looks();
    }
    /// The same, byte by byte.
    std::vector<terminal::Input> types_slowly(std::string_view keys,
                                              Milliseconds between = Milliseconds(33)) {
        std::vector<terminal::Input> all;
        for (const char key : keys)
            for (terminal::Input& input : types({&key, 1}, between))
                all.push_back(std::move(input));
        return all;
    }
    /// The input that comes without a key.
    std::vector<terminal::Input> looks() {
        terminal_->post([this] { terminal_->wake(); });
        std::vector<terminal::Input> inputs;
        while (true) {
            terminal::Input input = terminal_->next();
            if (std::holds_alternative<terminal::Woken>(input)) return inputs;
            inputs.push_back(std::move(input));
        }
    }
    /// The bytes written to the screen since the last call.
    std::string written() {
        std::string bytes(static_cast<std::size_t>(::lseek(out_.get(), 0, SEEK_END)), '\0');
        (void)!::pread(out_.get(), bytes.data(), bytes.size(), 0);
        (void)!::ftruncate(out_.get(), 0);
        ::lseek(out_.get(), 0, SEEK_SET);
        return bytes;
    }

private:
    std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
    Milliseconds look_{0};
    UniqueFd keyboard_, in_, out_, far_;
    std::unique_ptr<terminal::ScreenTerminal> terminal_;
};

/// Input as text: "answer 1y", "answer 1a2", "answer 1n with TEXT" (1 is the question), "line
/// TEXT".
inline std::vector<std::string> text_of(const std::vector<terminal::Input>& inputs) {
    std::vector<std::string> out;
    for (const terminal::Input& input : inputs) {
        if (const auto* answer = std::get_if<terminal::QuestionAnswer>(&input)) {
            out.push_back("answer " + std::to_string(answer->number) + std::string(1, answer->key) +
                          (answer->variant > 0 ? std::to_string(answer->variant + 1) : "") +
                          (answer->text.empty() ? "" : " with " + answer->text));
        } else if (const auto* line = std::get_if<terminal::EnteredLine>(&input)) {
            out.push_back("line " + line->text);
        } else if (std::holds_alternative<terminal::Interrupt>(input)) {
            out.emplace_back("interrupt");
        } else {
            out.emplace_back("something else");
        }
    }
    return out;
}

}  // namespace tenon::testing
