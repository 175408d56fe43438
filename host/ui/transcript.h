#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/agent/event.h"
#include "host/ui/markdown_stream.h"
#include "host/ui/style.h"

namespace tenon::ui {

/// A conversation as a person reads it: events in, lines out. What comes back from `on_event` and
/// its like is printed once, in order, and never changes; `tail` is what may still change and
/// stands below. It writes nothing, and knows no terminal. Not thread-safe.
///
/// Text of events may be anything but must have been redacted; it is made harmless here.
class Transcript {
public:
    using Clock = std::chrono::steady_clock;
    using Lines = std::vector<std::string>;

    explicit Transcript(Style style) : style_(style), answer_(style) {}

    /// The lines that `event` adds for a terminal of `width` columns; only lines of code may be
    /// wider, so that they are copied as they are. While an answer is being written, what else
    /// happens waits for its end (and stands in the tail).
    Lines on_event(const agent::AgentEvent& event, std::size_t width, Clock::time_point now);
    /// What the person said.
    Lines prompt(std::string_view text, std::size_t width);
    /// The turn was stopped: what was unfinished, and that it is over.
    Lines interrupted(std::size_t width);
    /// At most `max_rows` rows, each within `width`: the unfinished end of the answer, or what is
    /// being done. Cheap enough for every frame.
    [[nodiscard]] Lines tail(std::size_t width, std::size_t max_rows, Clock::time_point now) const;

private:
    /// Whose event it is: of the conversation itself when `id` is empty, else of a subagent.
    struct Speaker {
        std::string id;
        std::string title;
    };
    enum class Part { kNothing, kAnswer, kLines, kPrompt };
    struct Running {
        Speaker speaker;
        agent::ToolStarted started;
        Clock::time_point since;
        std::string note;
    };

    void on_plain_event(const agent::EventOr<>& event, const Speaker& speaker);
    void on(const agent::SessionOpened& event, const Speaker& speaker);
    void on(const agent::TextDelta& event, const Speaker& speaker);
    void on(const agent::ThinkingDelta& event, const Speaker& speaker);
    void on(const agent::RetryScheduled& event, const Speaker& speaker);
    void on(const agent::Answered& event, const Speaker& speaker);
    void on(const agent::ToolStarted& event, const Speaker& speaker);
    void on(const agent::ToolProgressed& event, const Speaker& speaker);
    void on(const agent::ToolFinished& event, const Speaker& speaker);
    void on(const agent::UserMessageSent& event, const Speaker& speaker);
    void on(const agent::JobChanged& event, const Speaker& speaker);
    void on(const agent::Notice& event, const Speaker& speaker);
    void on(const agent::Compacted& event, const Speaker& speaker);

    void on_subagent_answer(const Json& message, const Speaker& speaker);
    void say(std::string_view text);
    void end_answer();
    void put_answer(Lines lines);
    // Lines of the speaker's, below its title; they wait while an answer is being written.
    void put(Lines lines, const Speaker& speaker);
    void put_line(std::string_view sign, const Look& look, std::string_view text,
                  const Speaker& speaker);
    void begin(Part part);
    void begin_lines_of(const Speaker& speaker);
    [[nodiscard]] std::size_t room(const Speaker& speaker) const;
    Lines take();
    [[nodiscard]] Lines below_answer(std::size_t width, Clock::time_point now) const;

    Style style_;
    MarkdownStream answer_;
    bool answering_ = false;  // an answer has begun and not ended
    bool streamed_ = false;   // text came in pieces since the last whole answer
    bool thinking_ = false;
    bool shown_ = false;  // lines of it have been printed
    std::vector<std::pair<Speaker, Lines>> held_;
    std::vector<Running> running_;
    std::map<std::string, Clock::time_point> job_starts_;
    Part last_ = Part::kNothing;
    std::string last_speaker_;
    // Of the call that is being made.
    std::size_t width_ = 80;
    Clock::time_point now_;
    Lines out_;
};

}  // namespace tenon::ui
