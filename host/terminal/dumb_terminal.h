#pragma once

#include <deque>

#include "host/terminal/history.h"
#include "host/terminal/terminal.h"
#include "host/terminal/wakeups.h"

namespace tenon::terminal {

/// A terminal that knows no escape sequences, or a pipe: the kernel edits the line, finished lines
/// are printed as they come. A line that ends with a backslash goes on; Ctrl-B ends a line at once,
/// what stood before it begins the next. The kernel keeps a line until its end: when a question
/// comes, and then each second until nothing has come for one, it is made to give away what was
/// typed of the line. That line goes on after the answer, and never is one.
class DumbTerminal : public Terminal {
public:
    explicit DumbTerminal(Options options);
    ~DumbTerminal() override;
    [[nodiscard]] bool ok() const { return wakeups_.ok(); }

    Input next() override;
    void post(std::function<void()> work) override { wakeups_.post(std::move(work)); }
    void wake() override { ready_.emplace_back(Woken{}); }
    void print(std::string_view lines) override;
    void set_tail(std::vector<std::string> lines) override;
    void set_status(std::string line) override;
    void set_question(std::optional<Question> question) override;
    [[nodiscard]] int width() const override;
    [[nodiscard]] int height() const override;

private:
    using Time = std::chrono::steady_clock::time_point;
    void let_ctrl_b_end_a_line(bool on);
    void take_signals();
    void read_some();
    void take_lines();
    void take_line(std::string line);
    [[nodiscard]] Time now() const;
    [[nodiscard]] std::chrono::milliseconds patience();
    void look_at_clock();
    bool take_what_was_typed();
    /// What a line says, as the key or the word of a choice, or as both a key and a variant.
    struct Parsed {
        const Choice* choice = nullptr;
        std::size_t variant = 0;
        std::string words;  ///< the rest of the line
    };
    [[nodiscard]] std::optional<Parsed> parse_answer(const std::string& line) const;
    [[nodiscard]] bool takes_words(const Choice& choice) const;
    bool answers(const std::string& line);
    [[nodiscard]] bool is_word_for_question(const std::string& line) const;
    void show_question();
    void show_choices();
    void show_prompt();
    void end_prompt();
    void write(std::string_view text);

    Options options_;
    Wakeups wakeups_;
    History history_;
    std::optional<Question> question_;
    bool waits_ = false;       // for the keyboard to be quiet; then lines answer the question
    bool began_here_ = false;  // the line was begun while the question stood
    Time ready_at_{};
    std::optional<Time> last_typed_;
    std::deque<Input> ready_;
    std::string typed_;      // not yet a line
    std::string kept_;       // the same, from before the question took lines
    std::string beginning_;  // of the line that goes on
    bool prompted_ = false;
    bool closed_ = false;
    bool is_terminal_ = false;
    unsigned char line_end_ = 0;  // the terminal's second one, as it was
};

}  // namespace tenon::terminal
