#pragma once

#include <deque>

#include "host/terminal/history.h"
#include "host/terminal/terminal.h"
#include "host/terminal/wakeups.h"

namespace tenon::terminal {

/// The Terminal without escape sequences, also for pipes: the kernel edits the line, finished lines
/// are printed as they come. A line that ends with a backslash continues in the next one. Ctrl-B
/// ends a line at once, and the text before it begins the next line.
///
/// The kernel holds a line back until it ends. So when a question appears, and then each second
/// until nothing new has come, the terminal reads the unfinished line out of the kernel. That line
/// never answers the question; it continues after the answer.
class DumbTerminal : public Terminal {
public:
    explicit DumbTerminal(TerminalOptions options);
    ~DumbTerminal() override;
    [[nodiscard]] bool ok() const { return wakeups_.ok(); }

    Input next() override;
    void post(std::function<void()> work) override { wakeups_.post(std::move(work)); }
    void let_keys_signal(bool) override {}  // the kernel does that for lines
    void wake() override { inputs_.emplace_back(Woken{}); }
    void print(std::string_view lines) override;
    void page(PagedText text) override;
    void set_tail(std::vector<std::string> lines) override;
    void set_status(std::string line) override;
    void set_busy(bool on) override { busy_ = on; }
    void set_question(std::optional<ShownQuestion> question) override;
    [[nodiscard]] int width() const override;
    [[nodiscard]] int height() const override;

private:
    using Time = std::chrono::steady_clock::time_point;
    void make_ctrl_b_end_lines(bool on);
    void handle_signals();
    void read_input();
    void handle_lines();
    void handle_line(std::string line);
    [[nodiscard]] Time now() const;
    [[nodiscard]] std::chrono::milliseconds timeout();
    void check_quiet();
    bool read_unfinished_line();
    /// A line as an answer: the key or the word of a choice, or a key with the number of a variant.
    struct ParsedAnswer {
        const Choice* choice = nullptr;
        std::size_t variant = 0;
        std::string text;  ///< the rest of the line
    };
    [[nodiscard]] std::optional<ParsedAnswer> parse_answer(const std::string& line) const;
    [[nodiscard]] bool takes_text(const Choice& choice) const;
    bool answer_with(const std::string& line);
    [[nodiscard]] bool is_mistaken_answer(const std::string& line) const;
    void show_question();
    void show_choices();
    void show_prompt();
    void end_prompt();
    void take_prompt_away();
    void write(std::string_view text);

    TerminalOptions options_;
    Wakeups wakeups_;
    History history_;
    std::optional<ShownQuestion> question_;
    bool waiting_ = false;        // for the keyboard to be quiet; then lines answer the question
    bool line_is_newer_ = false;  // the line was begun after the question
    Time question_ready_at_{};
    std::optional<Time> last_typed_;
    std::deque<Input> inputs_;  // for `next`
    std::string typed_;         // an unfinished line
    std::string typed_before_;  // an unfinished line, from before the question took lines
    std::string continued_;     // lines that ended with a backslash
    bool busy_ = false;
    bool interrupted_ = false;  // nothing was read since the last Interrupt
    bool prompted_ = false;
    bool closed_ = false;
    bool is_terminal_ = false;        // the input
    bool shows_on_terminal_ = false;  // the output too
    unsigned char old_line_end_ = 0;  // VEOL2 of the terminal as it was before
};

}  // namespace tenon::terminal
