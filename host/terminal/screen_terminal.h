#pragma once

#include <chrono>
#include <deque>

#include "host/base/character.h"
#include "host/terminal/history.h"
#include "host/terminal/key_decoder.h"
#include "host/terminal/line_editor.h"
#include "host/terminal/live_layout.h"
#include "host/terminal/middle_cut.h"
#include "host/terminal/pastes.h"
#include "host/terminal/terminal.h"
#include "host/terminal/tty_modes.h"
#include "host/terminal/wakeups.h"
#include "host/terminal/word_rest.h"

namespace tenon::terminal {

/// LC_CTYPE of the calling thread is UTF-8 while it lives, whatever the environment says.
class Utf8Locale {
public:
    Utf8Locale() : before_(::uselocale(utf8_locale())) {}
    ~Utf8Locale() { ::uselocale(before_); }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;

private:
    locale_t before_;
};

/// What a person has done with the question that stands.
struct StandingQuestion {
    Question question;
    std::size_t put_columns = 0;  ///< that `subject` is for
    TextRows subject;
    std::string shown;                  ///< the keys whose labels are on the screen
    std::optional<std::size_t> chosen;  ///< a choice whose variants are shown
    std::size_t variant = 0;
    std::wstring letters;  ///< the keys that led there, should they prove to be typing
    std::chrono::steady_clock::time_point lettered{};  ///< when the last of them came
    bool words_open = false;                           ///< the line is for the words
    bool began_here = false;    ///< the line was begun while the question stood
    std::string before, after;  ///< the line that the words took the place of
};

/// A terminal that understands escape sequences: the line editor and the live area at the bottom of
/// its normal screen. Draws before it waits: at once for a key, at most every 16 ms for output.
class ScreenTerminal : public Terminal {
public:
    explicit ScreenTerminal(Options options);
    ~ScreenTerminal() override;
    /// Once, before anything else.
    Result<void> start();

    Input next() override;
    void post(std::function<void()> work) override { wakeups_.post(std::move(work)); }
    void wake() override { ready_.emplace_back(Woken{}); }
    void print(std::string_view lines) override;
    void set_tail(std::vector<std::string> lines) override;
    void set_status(std::string line) override;
    void set_question(std::optional<Question> question) override;
    [[nodiscard]] int width() const override { return static_cast<int>(size_.columns); }
    [[nodiscard]] int height() const override { return static_cast<int>(size_.rows); }

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Waiting {
        Key key;
        Time read{};              ///< when it came
        bool may_answer = false;  ///< typed alone, or as a choice's word, while a question stood
    };
    // One round: draw what is due, wait, take what has come.
    void pump();
    [[nodiscard]] std::chrono::milliseconds patience();
    void take_signals();
    void read_keys();
    void keep_what_was_typed();
    void note_typing();
    void lost();
    [[nodiscard]] Time now() const;

    // screen_terminal_keys.cpp
    void handle(Waiting waiting);
    bool take_control(wchar_t c);
    void edit(const Key& key);
    void feed(wchar_t c);
    void do_asked(LineEditor::Asks asked);
    std::optional<wchar_t> next_character();
    void interrupt();
    void enter();
    void paste(std::string text);
    void complete();
    void search(const Key& key);
    bool move_within_text(bool up);
    void walk_history(bool back);
    bool erase_placeholder(wchar_t c);
    void suspend();

    // screen_terminal_question.cpp
    [[nodiscard]] bool is_for_question(const Waiting& waiting) const;
    bool question_takes(const Waiting& waiting);
    bool choose(char key, const Waiting& waiting);
    bool take_in_variants(char key, const Waiting& waiting);
    bool take_in_words(const Waiting& waiting);
    [[nodiscard]] bool is_other_choice(char key, const Waiting& waiting) const;
    void go_back();
    bool refuse(const Waiting& waiting);
    void give_letters_to_line(Time read);
    void give_rest_to_line();
    void show_whole_question();
    void open_words();
    void close_words();
    void refuse_with_words();
    void answer(char key, std::size_t variant = 0, std::string words = {});
    void leave_question();
    bool is_word_for_question(const std::string& line) const;
    [[nodiscard]] bool has_label(char key) const;
    [[nodiscard]] bool question_waits() const;
    [[nodiscard]] bool is_word(const std::vector<Key>& keys) const;
    [[nodiscard]] std::chrono::milliseconds question_patience() const;
    void look_at_clock();
    void follow_size();

    void draw();
    void write(std::string_view bytes);
    [[nodiscard]] LiveParts parts() const;
    [[nodiscard]] LiveRows rows_now();

    Options options_;
    Utf8Locale locale_;
    Wakeups wakeups_;
    TtyModes modes_;
    KeyDecoder decoder_;
    std::unique_ptr<LineEditor> editor_;
    Pastes pastes_;
    History history_;
    HistoryWalk walk_;
    std::optional<HistorySearch> search_;

    std::deque<Waiting> keys_;
    std::deque<wchar_t> pushed_;  // the rest of a sequence, for the editor
    std::deque<Input> ready_;

    ScreenSize size_;
    LiveArea area_;
    std::string finished_;  // lines not yet shown
    std::vector<std::string> tail_;
    std::vector<std::string> hints_;
    std::string status_;
    std::optional<StandingQuestion> asking_;
    WordRest rest_;              // of the answer before
    bool rest_in_line_ = false;  // the line was begun behind that answer
    Time ready_at_{};            // from then on a question takes keys
    std::optional<Time> last_typed_;
    bool drawn_waiting_ = false;
    bool changed_ = true;
    bool at_once_ = true;
    bool resized_ = false;
    bool lost_ = false;    // nothing can be shown
    bool closed_ = false;  // nothing is read any more
    Time drawn_{};
};

}  // namespace tenon::terminal
