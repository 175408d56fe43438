#pragma once

#include <chrono>
#include <deque>

#include "host/base/character.h"
#include "host/terminal/completer.h"
#include "host/terminal/history.h"
#include "host/terminal/key_decoder.h"
#include "host/terminal/line_editor.h"
#include "host/terminal/live_layout.h"
#include "host/terminal/middle_cut.h"
#include "host/terminal/pager.h"
#include "host/terminal/pastes.h"
#include "host/terminal/terminal.h"
#include "host/terminal/tty_modes.h"
#include "host/terminal/undo_states.h"
#include "host/terminal/wakeups.h"
#include "host/terminal/word_rest.h"
#include "host/ui/style.h"

namespace tenon::terminal {

/// Makes LC_CTYPE of the calling thread UTF-8 while it lives, whatever the environment says.
class Utf8Locale {
public:
    Utf8Locale() : before_(::uselocale(utf8_locale())) {}
    ~Utf8Locale() { ::uselocale(before_); }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;

private:
    locale_t before_;
};

/// A question on the screen, and what the person has done with it so far.
struct OpenQuestion {
    ShownQuestion content;
    TextRows subject;
    std::size_t subject_columns = 0;    ///< the width that `subject` was laid out for
    std::string shown_keys;             ///< the keys whose labels are on the screen
    std::optional<std::size_t> chosen;  ///< the choice whose variants are shown
    std::size_t variant = 0;
    /// The keys that chose it. They move into the edited line if more typing follows at once.
    std::wstring letters;
    std::chrono::steady_clock::time_point last_letter_at{};
    /// When variants were closed since the choices are others. An Esc was perhaps to close them.
    std::chrono::steady_clock::time_point closed_at{};
    bool text_open = false;               ///< the line of the TextChoice is edited
    bool line_is_newer = false;           ///< the edited line was begun after the question
    std::string line_before, line_after;  ///< the edited line, while the text line replaces it
};

/// The Terminal that understands escape sequences: the line editor and the live area at the bottom
/// of the normal screen. It draws before it waits: at once after a key, at most every 16 ms for
/// output. Not responsible for the layout of the rows (live_layout, question_rows) or for the bytes
/// that change the screen (live_area).
class ScreenTerminal : public Terminal {
public:
    explicit ScreenTerminal(TerminalOptions options);
    ~ScreenTerminal() override;
    /// Call it once, before anything else.
    Result<void> start();

    Input next() override;
    void post(std::function<void()> work) override { wakeups_.post(std::move(work)); }
    void let_keys_signal(bool on) override { modes_.let_keys_signal(on || closed_); }
    void wake() override { inputs_.emplace_back(Woken{}); }
    void print(std::string_view lines) override;
    void set_tail(std::vector<std::string> lines) override;
    void set_waiting(std::vector<std::string> lines) override;
    void set_can_take_back(bool on) override { can_take_back_ = on; }
    [[nodiscard]] std::string echo_of(std::string_view text) const override {
        return pastes_.echo_of(text, size_.columns);
    }
    void set_commands(std::vector<MenuCommand> commands) override;
    bool put_in_line(std::string_view text) override;
    void clear_line() override;
    void run_outside(const std::function<void()>& program) override;
    void page(PagedText text) override;
    void set_title(std::string title) override;
    void call(std::string_view text, CallWhen when) override;
    OutsideEvents wait_outside(int fd, std::chrono::milliseconds timeout) override;
    Result<int> run_program(const OutsideProgram& program) override;
    void set_status(std::string line) override;
    void set_question(std::optional<ShownQuestion> question) override;
    [[nodiscard]] int width() const override { return static_cast<int>(size_.columns); }
    [[nodiscard]] int height() const override { return static_cast<int>(size_.rows); }

private:
    using Time = std::chrono::steady_clock::time_point;
    struct TimedKey {
        Key key;
        Time at{};                ///< when it was read
        bool may_answer = false;  ///< read alone or as the word of a choice, for the open question
    };
    // One round: draws what is due, waits, reads what has come.
    void run_once();
    [[nodiscard]] std::chrono::milliseconds timeout();
    [[nodiscard]] std::chrono::milliseconds key_timeout() const;
    void take_held_keys();
    void handle_signals();
    void take_size();
    void edit_outside();
    void show_title();
    void give_away();
    void come_back();
    void read_keys();
    void handle_report(const TerminalReport& report);
    void read_typed_ahead();
    void restart_quiet_time();
    void hang_up();
    [[nodiscard]] Time now() const;

    // screen_terminal_keys.cpp
    void handle_key(const TimedKey& pressed);
    bool handle_key_of_session(const TimedKey& pressed);
    void handle_escape(Time at);
    [[nodiscard]] bool editor_takes(const Alt& alt);
    void handle_escape_and_key(wchar_t c, Time at);
    void feed_editor(const std::wstring& keys);
    bool handle_control(wchar_t c);
    void note_key(const Key& key);
    [[nodiscard]] bool may_take_back() const;
    void edit(const Key& key);
    void edit_line(const Key& key);
    void undo();
    void feed_editor(wchar_t c);
    void do_action(EditorAction action);
    std::optional<wchar_t> next_character();
    void interrupt();
    void enter();
    void paste(std::string text);
    bool search(const Key& key);
    bool move_within_text(bool up);
    void walk_history(bool back);
    [[nodiscard]] std::string line_of(const HistoryEntry& entry);
    [[nodiscard]] History::Written written_entry(const std::string& line) const;
    [[nodiscard]] LineAtCursor line_at_cursor() const;
    void suspend();

    // screen_terminal_menu.cpp
    void take_paths(const FoundPaths& found);
    [[nodiscard]] bool may_show_menu() const;
    void update_menu();
    [[nodiscard]] std::chrono::milliseconds wait_for_menu();
    bool close_menu();
    bool choose_in_menu(bool up);
    bool enter_takes_choice();
    void complete();
    void replace_word(const Completer::Replacement& replacement);

    // screen_terminal_question.cpp
    [[nodiscard]] bool is_for_question(const TimedKey& pressed) const;
    bool question_handles(const TimedKey& pressed);
    bool choose(char key, const TimedKey& pressed);
    void handle_variant_key(char key, const TimedKey& pressed);
    bool handle_text_line_key(const TimedKey& pressed);
    [[nodiscard]] bool is_other_choice(char key, const TimedKey& pressed) const;
    void close_variants();
    bool refuse(const TimedKey& pressed);
    void return_letters_to_line(Time next_key_at);
    void return_rest_to_line();
    void print_whole_question();
    void open_text_line();
    void close_text_line();
    void answer_with_text();
    void answer(char key, std::size_t variant = 0, std::string text = {});
    void close_question();
    [[nodiscard]] bool is_mistaken_answer(const std::string& line) const;
    [[nodiscard]] bool has_label(char key) const;
    [[nodiscard]] bool question_waits() const;
    [[nodiscard]] bool is_word_of_choice(const std::vector<Key>& keys) const;
    [[nodiscard]] std::chrono::milliseconds question_timeout() const;
    void check_question_times();
    void update_labels();

    // screen_terminal_pager.cpp
    bool pager_handles(const TimedKey& pressed);
    bool page_outside(const PagedText& text);
    bool draw_pager();
    void close_pager();
    void show_normal_screen();

    void draw();
    std::string changed_area(LiveRows rows);
    void write(std::string_view bytes);
    [[nodiscard]] ui::Style style() const;
    [[nodiscard]] LiveParts parts();
    [[nodiscard]] LiveRows rows_now();

    TerminalOptions options_;
    Utf8Locale locale_;
    Wakeups wakeups_;
    TtyModes modes_;
    KeyDecoder decoder_;
    std::unique_ptr<LineEditor> editor_;
    Pastes pastes_;
    UndoStates undo_;
    History history_;
    HistoryWalk walk_;
    std::optional<HistorySearch> search_;
    Completer completer_;

    std::deque<TimedKey> keys_;
    std::deque<wchar_t> sequence_rest_;       // of a key sequence, for the editor
    std::deque<Input> inputs_;                // for `next`
    std::chrono::milliseconds keys_wait_{0};  // for the menu

    ScreenSize size_;
    LiveArea area_;
    std::string finished_;  // lines not shown yet
    std::vector<std::string> tail_;
    std::vector<std::string> waiting_;
    std::string status_;
    std::optional<OpenQuestion> question_;
    std::optional<Pager> pager_;        // it has the screen and the keys
    std::optional<PagedText> to_page_;  // when another program gives the terminal back
    WordRest word_rest_;                // of the last answer
    bool line_follows_answer_ = false;  // the edited line was begun after that answer
    Time question_ready_at_{};          // when the question begins to take keys
    std::optional<Time> last_typed_;
    Time escape_at_{};  // when the ESC was read that the decoder holds
    std::string title_;
    std::optional<bool> focused_;  // as far as the terminal has said it
    bool drawn_waiting_ = false;
    bool can_take_back_ = false;
    std::string put_line_;      // the edited line as put_in_line has left it
    bool interrupted_ = false;  // the last key was Ctrl-C
    bool changed_ = true;
    bool draw_at_once_ = true;
    bool resized_ = false;
    bool resized_below_pager_ = false;
    bool outside_ = false;  // another program has the terminal
    bool lost_ = false;     // nothing can be shown
    bool closed_ = false;   // nothing is read any more
    Time drawn_at_{};
};

}  // namespace tenon::terminal
