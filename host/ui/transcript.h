#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/agent/event.h"
#include "host/ui/folded.h"
#include "host/ui/markdown_stream.h"
#include "host/ui/running_output.h"
#include "host/ui/style.h"
#include "host/ui/thought.h"

namespace tenon::ui {

/// Whether an answer, the message of agent::Answered, has tool calls.
bool has_calls(const Json& message);

/// How attempts that will be repeated are shown: in the tail with the time that is left, and one
/// line when an attempt is answered; or, without a tail, in a line each.
enum class RetryLines { kCountDown, kEach };

/// What is known beside an ended call: of the file that it has changed, and of the screen.
struct ChangedFile {
    std::optional<std::string> before;  ///< its text before the call
    bool change_is_shown = false;       ///< a question has shown what the call would change
    bool list_is_shown = false;         ///< the checklist of the call stands elsewhere: no lines
};

/// The end of what a job has printed.
struct JobOutput {
    std::string text;  ///< may be hostile, but must be redacted
    bool is_whole = true;
};

/// Turns the events of a conversation into lines for a person. The returned lines are printed once,
/// in order, and never change; `tail` returns the lines below them that may still change. Text of
/// events may be hostile, but must be redacted. Not responsible for printing. Not thread-safe.
class Transcript {
public:
    using Clock = std::chrono::steady_clock;
    using Lines = std::vector<std::string>;

    /// `fold_key` says how a person sees what is left out of the lines; see folded_line.
    explicit Transcript(Style style, std::string fold_key = {},
                        RetryLines retry_lines = RetryLines::kCountDown)
        : style_(style),
          fold_key_(std::move(fold_key)),
          answer_(style),
          retry_lines_(retry_lines) {}

    /// The lines that `event` adds, of at most `width` columns; only lines of code
    /// without blanks may be wider, so that they can be copied. Lines of other events that come
    /// during an answer are held until it ends, and shown in the tail. `file` is that of a
    /// ToolFinished, `output` that of a job that has ended.
    Lines on_event(const agent::AgentEvent& event, std::size_t width, Clock::time_point now,
                   const ChangedFile& file = {}, const JobOutput& output = {});
    /// The prompt of the person.
    Lines prompt(std::string_view text, std::size_t width);
    /// The turn was interrupted: the rest of the answer, and a line that says so.
    Lines interrupted(std::size_t width);
    /// The turn failed: the rest of the answer, then why, and what a person can do (may be empty).
    Lines failed(std::string_view why, std::string_view advice, std::size_t width);
    /// A line about the conversation itself.
    Lines mark(std::string_view text, std::size_t width);
    /// The turn ended with an answer that has no text.
    Lines answered_nothing(std::size_t width);
    /// At most `max_rows` rows, each within `width`: the unfinished end of the answer, held lines,
    /// running calls, except those that subagents work for, and the wait for the next attempt.
    /// Cheap enough for every frame.
    [[nodiscard]] Lines tail(std::size_t width, std::size_t max_rows, Clock::time_point now) const;
    /// From now on no line of a result is left out or cut.
    void show_whole_results() { whole_results_ = true; }
    /// What the running commands have printed; replaces what was set before.
    void set_running_outputs(std::vector<RunningOutput> outputs) {
        running_outputs_ = std::move(outputs);
    }
    /// The texts of which the returned lines show only a part.
    [[nodiscard]] FoldedTexts& folded() { return folded_; }
    [[nodiscard]] const std::string& fold_key() const { return fold_key_; }
    [[nodiscard]] RetryLines retry_lines() const { return retry_lines_; }

private:
    /// The origin of an event: a subagent, or the conversation itself when `id` is empty.
    struct Speaker {
        std::string id;
        std::string title;
    };
    enum class OutputPart { kNothing, kAnswer, kLines, kPrompt };
    struct RunningCall {
        Speaker speaker;
        agent::ToolStarted started;
        Clock::time_point since;
        std::string note;
    };

    void on(const agent::SubagentEvent& event, const Speaker& speaker);
    void on(const agent::SessionOpened& event, const Speaker& speaker);
    void on(const agent::TextDelta& event, const Speaker& speaker);
    void on(const agent::ThinkingDelta& event, const Speaker& speaker);
    void on(const agent::RetryScheduled& event, const Speaker& speaker);
    /// An attempt that the next one has not answered yet.
    struct Retry {
        Speaker speaker;
        agent::RetryScheduled failed;
        Clock::time_point until;
        bool shown = false;  // there is a finished line about it
    };
    void end_retry(const Speaker& speaker, bool answered);
    void on(const agent::Answered& event, const Speaker& speaker);
    void on(const agent::ToolStarted& event, const Speaker& speaker);
    void on(const agent::ToolProgressed& event, const Speaker& speaker);
    void on(const agent::ToolFinished& event, const Speaker& speaker);
    void on(const agent::PromptDelivered&, const Speaker&) {}  // see `prompt`
    void on(const agent::UserMessageSent& event, const Speaker& speaker);
    void on(const agent::JobChanged& event, const Speaker& speaker);
    void on(const agent::Notice& event, const Speaker& speaker);
    void on(const agent::FileAttached& event, const Speaker& speaker);
    void on(const agent::Compacted& event, const Speaker& speaker);

    void end_turn();
    void end_thought();
    void add_job_output(Lines& lines, const agent::JobChanged& job, const Speaker& speaker);
    [[nodiscard]] const RunningOutput* output_of(const RunningCall& call) const;
    void on_subagent_answer(const Json& message, const Speaker& speaker);
    void add_answer_text(std::string_view text);
    void end_answer();
    void put_answer(Lines lines);
    // Adds lines of the speaker, below its title; holds them during an answer.
    void put(Lines lines, const Speaker& speaker);
    void put_line(std::string_view sign, const Look& look, std::string_view text,
                  const Speaker& speaker);
    void put_rows(std::string_view sign, const Look& look, const Lines& rows,
                  const Speaker& speaker);
    void begin(OutputPart part);
    void begin_lines_of(const Speaker& speaker);
    [[nodiscard]] std::size_t room(const Speaker& speaker) const;
    Lines take();
    [[nodiscard]] Lines below_answer(std::size_t width, std::size_t max_rows,
                                     Clock::time_point now) const;

    Style style_;
    std::string fold_key_;
    bool whole_results_ = false;
    FoldedTexts folded_;
    MarkdownStream answer_;
    bool answering_ = false;  // an answer has begun and not ended
    bool streamed_ = false;   // text came in pieces since the last whole answer
    bool shown_ = false;      // lines of the answer have been returned
    std::vector<std::pair<Speaker, Lines>> held_;
    std::vector<RunningCall> running_;
    std::vector<RunningOutput> running_outputs_;
    Thought thought_;
    RetryLines retry_lines_;
    std::vector<Retry> retries_;  // at most one of each speaker
    OutputPart last_ = OutputPart::kNothing;
    std::string last_speaker_;
    // For the present call of a public function:
    std::size_t width_ = 80;
    Clock::time_point now_;
    ChangedFile file_;
    JobOutput job_output_;
    Lines out_;
};

}  // namespace tenon::ui
