#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/base/result.h"
#include "host/terminal/outside_program.h"
#include "host/terminal/paged_text.h"
#include "host/terminal/terminal_kind.h"

/// A person at a terminal: the input that comes from them, and the output on their screen.
namespace tenon::terminal {

/// One way to answer a question.
struct Choice {
    /// One of several things that a choice can do. The person reads its lines before Enter does it.
    struct Variant {
        std::string name;     ///< "this exact command": the label of the key that shows it
        std::string heading;  ///< above the lines, where there is room
        std::vector<std::string> lines;
        /// Shown when there is no room for `lines`; when empty, `lines` are cut.
        std::vector<std::string> brief_lines = {};
        bool operator==(const Variant&) const = default;
    };
    char key = 0;       ///< a small letter; the capital is the same key
    std::string word;   ///< begins with `key`; typed whole it is the same answer. May be empty
    std::string label;  ///< "yes, this once"
    std::string brief;  ///< the label for small screens, at most 8 columns
    /// When empty, the key answers at once. Otherwise the key shows the first variant, each further
    /// press the next one, and Enter answers.
    std::vector<Variant> variants = {};
    std::string enter = "does this";  ///< what Enter does then: "adds this rule"
    bool operator==(const Choice&) const = default;
};

/// The choice that can carry a text of the person. The Tab key opens a line for it.
struct TextChoice {
    char key = 0;        ///< of the choice
    std::string label;   ///< "no, and say what to do instead"
    std::string brief;   ///< "words"
    std::string prompt;  ///< above the line: "Tell the model what to do instead."
};

/// A question to the person. All texts are harmless already (base/untrusted) and may be styled.
struct ShownQuestion {
    std::size_t number = 0;            ///< identifies it; see Terminal::set_question
    std::string title;                 ///< one line
    std::vector<std::string> subject;  ///< the command, the diff or the like that it is about
    std::string remark;                ///< may be empty
    std::vector<Choice> choices;
    std::optional<TextChoice> text_choice;
    /// What other questions offer and this one does not. Entered as a line, such an answer is
    /// refused; it is no prompt. Key and `brief` count.
    std::vector<Choice> not_offered = {};
    /// The subject is a sentence, whose rows may break at blanks. Otherwise every blank counts.
    bool subject_is_prose = false;
};

struct EnteredLine {
    std::string text;  ///< never empty; may hold line feeds; already in the history
};
struct Interrupt {          ///< Ctrl-C or SIGINT. A search ends; the edited line stays
    bool had_text = false;  ///< the edited line is not empty, or was searched for
    bool repeated = false;  ///< no key was read since the last Interrupt
};
struct EndOfInput {};    ///< Ctrl-D on an empty line, or the end of standard input
struct ToBackground {};  ///< Ctrl-B
struct QuestionAnswer {
    std::size_t number = 0;   ///< of the question
    char key = 0;             ///< of the choice
    std::size_t variant = 0;  ///< of the choice
    std::string text = {};    ///< that the person wrote with a TextChoice; else empty
};
/// The key Esc where no question, search or vi mode uses it.
struct Escape {
    bool line_is_empty = false;
};
/// Up, while `set_can_take_back` is on, in an empty line or in one that `put_in_line` has filled
/// and that nobody has changed since.
struct TakeBack {
    bool line_is_empty = false;
};
/// Ctrl-O, while no question uses it; on a dumb terminal a line with it alone.
struct ShowFolded {};
struct NextMode {};   ///< Shift-Tab
struct Hangup {};     ///< SIGHUP, or the terminal has gone: nothing can be shown any more
struct Terminate {};  ///< SIGTERM
struct Woken {};      ///< posted work called wake()
using Input = std::variant<EnteredLine, Interrupt, EndOfInput, ToBackground, QuestionAnswer, Escape,
                           TakeBack, ShowFolded, NextMode, Hangup, Terminate, Woken>;

/// What the menu says about a command, which is entered as `/NAME ARGUMENT`. The texts may be
/// hostile.
struct MenuCommand {
    std::string name, argument, help;
};

struct TerminalOptions {
    int in = 0, out = 1;
    bool dumb = false;                          ///< no escape sequences: TERM is dumb or not set
    bool colour = false;                        ///< the terminal's own parts may be styled
    TerminalKind kind = {};                     ///< only for a terminal that is not dumb
    bool rings_bell = true, sends_osc9 = true;  ///< what `call` does
    std::filesystem::path history;              ///< the file; empty: none. Its folder must exist
    /// Whose entries the arrow keys walk through, and whose paths complete `@` words; absolute.
    std::filesystem::path workspace;
    /// The text that goes into the history file for a line. Default: the line.
    std::function<std::string(std::string_view line)> redact;
    /// The program that shows long texts, for /bin/sh: the value of $PAGER. Empty: Tenon's own
    /// pager.
    std::string pager;
    /// The clock that decides whether the keyboard is quiet. Default: the steady clock.
    std::function<std::chrono::steady_clock::time_point()> now;
};

/// When to call somebody to the terminal.
enum class CallWhen {
    kAlways,
    kNobodyTypes,  ///< not while a line is edited and the last key was pressed just before
};

/// The terminal of one person: a line editor and a live area at the bottom, finished lines in the
/// scrollback above them. A dumb terminal gets plain lines and no escape sequence.
/// All text that it is given must be harmless already (base/untrusted) and may be styled. While it
/// is open nothing else may write to the terminal. Output appears while `next` runs, and the rest
/// when the object is destroyed. One object at a time. All functions but `post` belong to the
/// thread that opened it.
class Terminal {
public:
    /// Call it before any other thread starts: SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT and
    /// SIGWINCH become blocked in the calling thread and are returned by `next`. (base/signals
    /// would take them away.) Without a UTF-8 locale, or when a descriptor is no terminal, the
    /// terminal is a dumb one. An Error says what could not be set up.
    static Result<std::unique_ptr<Terminal>> open(TerminalOptions options);
    /// Shows the rest of the output, erases the live area, restores the terminal's modes.
    virtual ~Terminal() = default;

    /// Blocks until there is input; meanwhile runs posted work. After Hangup and Terminate it still
    /// runs posted work, but reads nothing more; signals, and Ctrl-C, still come.
    virtual Input next() = 0;
    /// Any thread; does not block. `work` runs inside `next`, in the order of the calls.
    virtual void post(std::function<void()> work) = 0;
    /// For posted work: `next` returns Woken after the input that is already there.
    virtual void wake() = 0;
    /// While no input is awaited for a long time: Ctrl-C raises SIGINT instead of waiting to be
    /// read.
    virtual void let_keys_signal(bool on) = 0;
    /// Finished lines, above the live area.
    virtual void print(std::string_view lines) = 0;
    /// Lines that may still change, between the finished ones and the input. A dumb terminal
    /// ignores them.
    virtual void set_tail(std::vector<std::string> lines) = 0;
    /// What is not finished yet: queued prompts, todos, subagents, jobs. Below the tail, above the
    /// input. The first lines are the most important: the last ones go first when there is too
    /// little room. A dumb terminal ignores them.
    virtual void set_waiting(std::vector<std::string>) {}
    /// Whether Up returns TakeBack instead of the newest entry of the history.
    virtual void set_can_take_back(bool) {}
    /// The commands that complete a `/` at the beginning of the line. A dumb terminal has no
    /// completion.
    virtual void set_commands(std::vector<MenuCommand>) {}
    /// How an entered text is echoed: long pastes in it as their placeholders, with their first
    /// lines below. What comes back is for a person to see, within the present width.
    [[nodiscard]] virtual std::string echo_of(std::string_view text) const {
        return std::string(text);
    }
    /// Puts `text` into the edited line, before what stands there and separated by a line feed. The
    /// person can change and enter it; long pastes in it have their placeholders again. While the
    /// line of a TextChoice is open, the text goes into the line that comes back after it. A dumb
    /// terminal cannot do it and returns false.
    virtual bool put_in_line(std::string_view) { return false; }
    /// Empties the edited line. (On a dumb terminal, the kernel has done that at Ctrl-C.)
    virtual void clear_line() {}
    /// Gives the terminal to `program`, with the modes that it had before this object, while the
    /// live area is erased. Blocks until it returns; then the live area is drawn again below what
    /// it has left on the screen. What is printed meanwhile is shown then. A dumb terminal only
    /// calls it.
    virtual void run_outside(const std::function<void()>& program) { program(); }
    /// For the function that run_outside has called, when it waits: blocks until `fd` (-1: none)
    /// can be read, or something else has happened, or `timeout` (negative: none) is over.
    /// Meanwhile posted work runs and signals are taken; SIGINT has no effect.
    virtual OutsideEvents wait_outside(int, std::chrono::milliseconds) { return {}; }
    /// Runs a program of the user with run_outside, and waits for its end. Returns its exit code,
    /// or 128 + the signal that ended it. An Error: it was not started, as when another program has
    /// the terminal.
    virtual Result<int> run_program(const OutsideProgram&) {
        return Error{"this terminal cannot be given to another program"};
    }
    /// Shows `text` in a pager until the person closes it. What is printed meanwhile appears
    /// afterwards, and a question waits. While another program has the terminal, the text waits for
    /// its end.
    /// - The program of TerminalOptions::pager is run with run_program; it reads the text from its
    ///   standard input. When it cannot be run, a line says so, and the other pager is used.
    /// - Tenon's own pager uses the alternate screen. It does not block: `next` goes on. A later
    ///   text takes its place. Ctrl-O closes it and returns ShowFolded.
    /// - A dumb terminal prints the text.
    virtual void page(PagedText text) = 0;
    /// The title of the window. The old one comes back when another program has the terminal, and
    /// at the end. Without effect where the terminal may show it as text.
    virtual void set_title(std::string) {}
    /// Calls the person to the terminal: by the bell, and by a desktop notification with `text`
    /// (OSC 9, one line). Does nothing while the terminal says that it has the focus; a terminal
    /// that has never said anything about it may not have it. A dumb terminal ignores it.
    virtual void call(std::string_view, CallWhen) {}
    /// The line at the bottom. A dumb terminal ignores it.
    virtual void set_status(std::string line) = 0;
    /// Whether output is under way, so that a prompt would only be in its way. A dumb terminal
    /// shows its prompt again when it is over; lines are taken all the time. Others ignore it.
    virtual void set_busy(bool) {}
    /// Shows a question until it is answered, replaced or taken away (none). A question with the
    /// number of the open one only replaces its texts.
    ///
    /// What was typed before the person could read the question never answers it:
    /// - The question takes keys once the keyboard has been quiet for kQuiet, and not in the first
    ///   moment after it appears. Until then keys go into the edited line, and the status says so.
    /// - It takes only keys whose labels are on the screen. Any other key rings the bell and makes
    ///   the question wait again; if the key is text, it goes into the edited line.
    /// - A paste never answers. Several keys that arrive in one piece answer only when they are the
    ///   word of a choice. The rest of a word whose first letter has answered is dropped.
    /// - A line that is only the key or the word of a choice, and was begun while the question
    ///   waited, is dropped with a bell.
    ///
    /// Ctrl-C, Ctrl-B, and Ctrl-D on an empty line work as always. The edited line is kept for the
    /// time after the answer. On a dumb terminal the answer is a line: a key, a word, a key with
    /// the number of a variant (`a2`), or `n` and a text.
    virtual void set_question(std::optional<ShownQuestion> question) = 0;
    static constexpr std::chrono::seconds kQuiet{1};
    [[nodiscard]] virtual int width() const = 0;
    [[nodiscard]] virtual int height() const = 0;
    /// Called inside `next` when the size has changed: lines cut for the old width should be set
    /// again.
    std::function<void()> on_resize;
};

}  // namespace tenon::terminal
