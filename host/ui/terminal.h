#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/base/mutex.h"
#include "host/base/result.h"
#include "host/base/unique_fd.h"

/// A person at a terminal.
namespace tenon::ui {

/// What a person did.
struct Line {
    std::string text;  ///< entered; may hold many lines; already in the history
};
struct Interrupt {
    bool had_text = false;  ///< a line stood there; it has been cleared
};
struct EndOfInput {};    ///< Ctrl-D on an empty line, or standard input was closed
struct ToBackground {};  ///< Ctrl-B
struct Answer {
    char key = 0;  ///< to the question that stands
};
struct Hangup {};     ///< SIGHUP, or the terminal is gone: nothing can be shown any more
struct Terminate {};  ///< SIGTERM
struct Woken {};      ///< what was posted asked for it: see wake()
using Input = std::variant<Line, Interrupt, EndOfInput, ToBackground, Answer, Hangup, Terminate, Woken>;

/// Keys of `keys` answer it, with or without Enter; those typed before it stood there do not.
struct Question {
    std::vector<std::string> lines;
    std::string keys;
};

/// Lines in, lines out, without any escape sequence: what a dumb terminal can do. Everything but
/// `post` on the main thread.
class Terminal {
public:
    struct Options {
        int in = 0, out = 1;
        bool dumb = false;
        bool colour = false;
        std::filesystem::path history;  ///< empty: none
        std::function<std::vector<std::string>(std::string_view word)> complete;
    };
    /// Blocks SIGINT, SIGTERM and SIGHUP: before any other thread starts.
    static Result<std::unique_ptr<Terminal>> open(Options options);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// Blocks; meanwhile runs what others post.
    Input next();
    /// Any thread: `work` runs on the main thread inside `next`.
    void post(std::function<void()> work);
    /// From posted work: `next` returns Woken when it is done with that.
    void wake() { woken_ = true; }
    /// Finished lines.
    void print(std::string_view lines);
    void set_tail(std::vector<std::string> lines);
    void set_status(std::string line);
    void set_question(std::optional<Question> question);
    [[nodiscard]] int width() const;
    [[nodiscard]] int height() const;
    std::function<void()> on_resize;

private:
    explicit Terminal(Options options);
    bool run_posted();
    void show_prompt();
    std::optional<Input> read_signal();
    std::optional<Input> read_input();
    std::optional<Input> take_line();

    Options options_;
    UniqueFd signals_, posted_event_;
    Mutex mutex_;
    std::deque<std::function<void()>> posted_ TENON_GUARDED_BY(mutex_);
    std::optional<Question> question_;
    std::deque<std::string> typed_;  // whole lines that nobody has taken
    std::string partial_;
    bool prompted_ = false;
    bool closed_ = false;
    bool woken_ = false;
};

}  // namespace tenon::ui
