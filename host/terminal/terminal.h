#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/base/result.h"
#include "host/terminal/question.h"

/// A person at a terminal: what they type, and what stands on their screen.
namespace tenon::terminal {

/// What a person did.
struct Line {
    std::string text;  ///< entered; never empty, may hold many lines; already in the history
};
struct Interrupt {
    bool had_text = false;  ///< a line stood there; it has been cleared
};
struct EndOfInput {};    ///< Ctrl-D on an empty line, or standard input was closed
struct ToBackground {};  ///< Ctrl-B
struct Answer {
    std::size_t number = 0;   ///< of the question that stood
    char key = 0;             ///< of one of its choices
    std::size_t variant = 0;  ///< of that choice
    std::string words = {};   ///< what the person wrote with it; else empty
};
struct Hangup {};     ///< SIGHUP, or the terminal is gone: nothing can be shown any more
struct Terminate {};  ///< SIGTERM
struct Woken {};      ///< posted work asked for it: see wake()
using Input =
    std::variant<Line, Interrupt, EndOfInput, ToBackground, Answer, Hangup, Terminate, Woken>;

/// The terminal of one person, with a line editor at the bottom and finished lines in the
/// scrollback above it; on a dumb terminal lines in, lines out, without any escape sequence.
/// Everything that is shown must be harmless already (base/untrusted) and may be styled; nobody
/// else writes to the terminal while it is open. What is shown appears while `next` runs, and what
/// is left when it goes. One at a time; everything but `post` on the thread that opened it.
class Terminal {
public:
    struct Options {
        int in = 0, out = 1;
        bool dumb = false;              ///< no escape sequences: TERM is dumb or not set
        bool colour = false;            ///< the terminal's own parts may be styled
        std::filesystem::path history;  ///< the file; empty: none. Its folder stands already
        /// What a word can become that begins with `@`, or with `/` at the beginning of the line.
        std::function<std::vector<std::string>(std::string_view word)> complete;
        /// What the history file gets for a line; none: the line.
        std::function<std::string(std::string_view line)> redact;
        /// The time by which a keyboard is quiet; none: the steady clock.
        std::function<std::chrono::steady_clock::time_point()> now;
    };
    /// Before any other thread starts: SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT and SIGWINCH are
    /// blocked in the calling thread from then on and come out of `next`; Signals would take
    /// them away. A descriptor that is no terminal, or a system without a UTF-8 locale, gives a
    /// dumb one.
    static Result<std::unique_ptr<Terminal>> open(Options options);
    /// Shows what is left, takes the live area away, puts the terminal's modes back.
    virtual ~Terminal() = default;

    /// Blocks; meanwhile runs what others post. After Hangup and Terminate it still runs posted
    /// work, but reads nothing more.
    virtual Input next() = 0;
    /// Any thread: `work` runs on the main thread inside `next`, in order.
    virtual void post(std::function<void()> work) = 0;
    /// For posted work: `next` returns Woken once what came before has been returned.
    virtual void wake() = 0;
    /// Finished lines, above the live area.
    virtual void print(std::string_view lines) = 0;
    /// Lines that may still change, between the finished ones and the input. Not on a dumb
    /// terminal.
    virtual void set_tail(std::vector<std::string> lines) = 0;
    /// The line at the bottom. Not on a dumb terminal.
    virtual void set_status(std::string line) = 0;
    /// A question stands until it is answered, or none or another one is set. It takes no key
    /// before the keyboard has been quiet for kQuiet, nor in the moment in which it comes up: until
    /// then keys go on into the line, and the status says so. From then on it takes the keys whose
    /// labels are on the screen; any other key is refused with a bell, and since somebody seems to
    /// type, what was typed goes into the line and it waits again. A paste never answers, nor do
    /// several keys that come in one piece unless they are the word of a choice. A line that is
    /// only a choice's key or word, begun while the question waits, is dropped with a bell when it
    /// is entered. What follows of a word whose first letter has answered is dropped. Ctrl-C,
    /// Ctrl-D on an empty line and Ctrl-B come as ever. The line is kept and stands there again
    /// afterwards. On a dumb terminal an answer is a line: a key, a word, a key with the number of
    /// a variant (`a2`), or `n` and the words.
    virtual void set_question(std::optional<Question> question) = 0;
    static constexpr std::chrono::seconds kQuiet{1};
    [[nodiscard]] virtual int width() const = 0;
    [[nodiscard]] virtual int height() const = 0;
    /// The width or height is another one: lines cut for the old one should be set again.
    std::function<void()> on_resize;
};

}  // namespace tenon::terminal
