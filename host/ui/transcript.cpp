#include "host/ui/transcript.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/ui/retry_line.h"
#include "host/ui/status_line.h"
#include "host/ui/tool_line.h"
#include "host/ui/tool_output.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kSubagentIndent = 2;
constexpr std::size_t kLeastWidth = 10;
constexpr std::size_t kMostLinesOfEndedJob = 3;
constexpr std::size_t kMostLinesOfFailedJob = 10;

void append_lines(std::vector<std::string>& lines, std::vector<std::string> more) {
    std::move(more.begin(), more.end(), std::back_inserter(lines));
}

std::string indented(std::string line, std::size_t columns) {
    if (!line.empty()) line.insert(0, columns, ' ');
    return line;
}

std::vector<std::string> texts_of(const Json& message) {
    std::vector<std::string> texts;
    const auto content = message.find("content");
    if (content == message.end() || !content->is_array()) return texts;
    for (const Json& block : *content) {
        if (string_or(block, "type") == "text") texts.push_back(string_or(block, "text"));
    }
    return texts;
}

}  // namespace

bool has_calls(const Json& message) {
    const auto content = message.find("content");
    if (content == message.end() || !content->is_array()) return false;
    return std::any_of(content->begin(), content->end(),
                       [](const Json& block) { return string_or(block, "type") == "tool_use"; });
}

Transcript::Lines Transcript::on_event(const agent::AgentEvent& event, std::size_t width,
                                       Clock::time_point now, const ChangedFile& file,
                                       const JobOutput& output) {
    width_ = std::max(width, kLeastWidth);
    now_ = now;
    file_ = file;
    job_output_ = output;
    std::visit([this](const auto& e) { on(e, Speaker{}); }, event);
    return take();
}

Transcript::Lines Transcript::prompt(std::string_view text, std::size_t width) {
    width_ = std::max(width, kLeastWidth);
    end_answer();
    begin(OutputPart::kPrompt);
    std::string sign = "> ";
    for (const std::string& row : wrap(harmless(text), width_ - sign.size())) {
        out_.push_back(paint(style_, kBold, sign + row));
        sign = "  ";
    }
    return take();
}

Transcript::Lines Transcript::interrupted(std::size_t width) {
    width_ = std::max(width, kLeastWidth);
    end_turn();
    put_line("✗", kBad, "interrupted", {});
    return take();
}

Transcript::Lines Transcript::failed(std::string_view why, std::string_view advice,
                                     std::size_t width) {
    width_ = std::max(width, kLeastWidth);
    end_turn();
    std::string text = paint(style_, kBad, "Error: " + visible(why, true));
    if (!advice.empty()) text += "\n" + visible(advice, true);
    put_line("✗", kBad, text, {});
    return take();
}

Transcript::Lines Transcript::mark(std::string_view text, std::size_t width) {
    width_ = std::max(width, kLeastWidth);
    put_line("●", kDim, text, {});
    return take();
}

Transcript::Lines Transcript::answered_nothing(std::size_t width) {
    width_ = std::max(width, kLeastWidth);
    end_turn();
    put({paint(style_, kDim, "(the answer is empty)")}, {});
    return take();
}

void Transcript::end_turn() {
    end_thought();
    end_answer();
    running_.clear();
    retries_.clear();
    streamed_ = false;
}

Transcript::Lines Transcript::tail(std::size_t width, std::size_t max_rows,
                                   Clock::time_point now) const {
    width = std::max(width, kLeastWidth);
    Lines below = below_answer(width, max_rows, now);
    if (below.size() > max_rows)
        below.erase(below.begin(), below.end() - static_cast<std::ptrdiff_t>(max_rows));
    Lines rows;
    if (answering_) rows = answer_.tail(width, max_rows - below.size());
    const bool room = rows.size() + below.size() < max_rows;
    if (!rows.empty() && !shown_ && last_ != OutputPart::kNothing && room)
        rows.insert(rows.begin(), "");
    append_lines(rows, std::move(below));
    return rows;
}

Transcript::Lines Transcript::below_answer(std::size_t width, std::size_t max_rows,
                                           Clock::time_point now) const {
    Lines rows;
    for (const auto& [speaker, lines] : held_) {
        const std::size_t indent = speaker.id.empty() ? 0 : kSubagentIndent;
        for (const std::string& line : lines)
            rows.push_back(indented(cut(line, width - indent), indent));
    }
    std::vector<const RunningOutput*> outputs;
    for (const RunningCall& running : running_)
        outputs.push_back(output_of(running));
    const std::size_t others = rows.size() + running_.size() + (thought_ ? 1 : 0);
    auto below_calls =
        running_output_rows(outputs, max_rows - std::min(max_rows, others), width, style_);
    for (std::size_t i = 0; i < running_.size(); ++i) {
        const RunningCall& running = running_[i];
        if (running.started.facts.recovered == agent::RecoveredAnswer::kSubagent) continue;
        const std::size_t indent = running.speaker.id.empty() ? 0 : kSubagentIndent;
        const auto elapsed = std::chrono::duration_cast<milliseconds>(now - running.since);
        rows.push_back(indented(
            running_tool_line(running.started, elapsed, running.note, width - indent, style_),
            indent));
        append_lines(rows, std::move(below_calls[i]));
    }
    if (thought_) rows.push_back(paint(style_, kDim, thought_.line(width, now)));
    for (const Retry& retry : retries_) {
        const std::size_t indent = retry.speaker.id.empty() ? 0 : kSubagentIndent;
        const auto left = std::chrono::duration_cast<milliseconds>(retry.until - now);
        std::string before = paint(style_, kAttention, "↻") + " ";
        for (const std::string& row :
             retry_rows(retry.failed, left, std::max(kLeastWidth, width - indent) - 2,
                        std::max<std::size_t>(max_rows / retries_.size(), 1))) {
            rows.push_back(indented(before + row, indent));
            before = "  ";
        }
    }
    return rows;
}

const RunningOutput* Transcript::output_of(const RunningCall& call) const {
    const auto found = std::find_if(running_outputs_.begin(), running_outputs_.end(),
                                    [&](const RunningOutput& output) {
                                        return output.tool_use_id == call.started.call.id &&
                                               output.of_subagent == !call.speaker.id.empty();
                                    });
    return found == running_outputs_.end() ? nullptr : &*found;
}

void Transcript::on(const agent::SubagentEvent& event, const Speaker&) {
    const Speaker subagent{event.tool_use_id, event.title};
    std::visit([&](const auto& e) { on(e, subagent); }, event.event);
}

void Transcript::on(const agent::SessionOpened& event, const Speaker& speaker) {
    if (!speaker.id.empty()) return;  // the title of the subagent is enough
    put_line("●", kDim,
             "session " + visible(event.session_id) + (event.resumed ? " goes on" : "") + ", " +
                 visible(event.model) + ", in " + visible(event.workspace),
             speaker);
}

void Transcript::on(const agent::TextDelta& event, const Speaker& speaker) {
    end_retry(speaker, true);
    if (!speaker.id.empty() || event.text.empty()) return;
    end_thought();
    streamed_ = true;
    add_answer_text(event.text);
}

void Transcript::on(const agent::ThinkingDelta& event, const Speaker& speaker) {
    end_retry(speaker, true);
    if (!speaker.id.empty()) return;
    end_answer();  // thinking between two texts
    thought_.add(event.text, now_);
}

/// One line remains of a thought.
void Transcript::end_thought() {
    if (!thought_) return;
    const std::string line = thought_.end_line(now_);
    put({paint(style_, kDim, cut(line, width_))}, {});
    folded_.add({line, thought_.take() + "\n", {}});
}

void Transcript::on(const agent::RetryScheduled& event, const Speaker& speaker) {
    const bool starts_again = speaker.id.empty() && streamed_;
    end_retry(speaker, false);
    if (speaker.id.empty()) {
        answer_ = MarkdownStream(style_);
        end_answer();
        thought_.forget();
        streamed_ = false;
    }
    if (!event.instead.empty()) {  // a notice says the rest
        if (starts_again) put_line("↻", kAttention, "the answer starts again", speaker);
        return;
    }
    const bool each = retry_lines_ == RetryLines::kEach;
    const bool shown = starts_again || each;
    if (shown) {
        const std::string again = starts_again ? "; the answer starts again" : "";
        if (each) {
            const Lines rows =
                retry_rows(event, event.delay, room(speaker) - kSubagentIndent, SIZE_MAX, again);
            put_rows("↻", kAttention, rows, speaker);
        } else {
            put_line("↻", kAttention, retry_reason(event) + again, speaker);
        }
    }
    retries_.push_back({speaker, event, now_ + event.delay, shown});
}

/// One finished line remains of all the attempts before an answer.
void Transcript::end_retry(const Speaker& speaker, bool answered) {
    const auto found = std::find_if(retries_.begin(), retries_.end(), [&](const Retry& retry) {
        return retry.speaker.id == speaker.id;
    });
    if (found == retries_.end()) return;
    const Retry retry = std::move(*found);
    retries_.erase(found);
    if (answered && !retry.shown)
        put_line("↻", kDim,
                 retry_reason(retry.failed) + "; " + attempt_words(retry.failed) + " was answered",
                 speaker);
}

void Transcript::on(const agent::Answered& event, const Speaker& speaker) {
    end_retry(speaker, true);
    if (!speaker.id.empty()) return on_subagent_answer(event.message, speaker);
    end_thought();
    if (!streamed_) {
        for (const std::string& text : texts_of(event.message)) {
            add_answer_text(text);
            end_answer();
        }
    }
    end_answer();
    streamed_ = false;
}

/// The last answer is the result of the call. Of earlier ones the first line says what comes next.
void Transcript::on_subagent_answer(const Json& message, const Speaker& speaker) {
    if (!has_calls(message)) return;
    for (const std::string& text : texts_of(message)) {
        // In one row: `cut` shortens it.
        const Lines rows = render_markdown(first_line(text), SIZE_MAX / 2, Style::kPlain);
        const std::string line = rows.empty() ? std::string() : rows.front();
        if (!line.empty()) put({paint(style_, kDim, cut(line, room(speaker)))}, speaker);
    }
}

void Transcript::on(const agent::ToolStarted& event, const Speaker& speaker) {
    running_.push_back({speaker, event, now_, {}});
}

void Transcript::on(const agent::ToolProgressed& event, const Speaker& speaker) {
    for (RunningCall& running : running_) {
        if (running.started.call.id == event.tool_use_id && running.speaker.id == speaker.id)
            running.note = event.note;
    }
}

void Transcript::on(const agent::ToolFinished& event, const Speaker& speaker) {
    if (speaker.id.empty()) end_retry({event.call.id, {}}, false);  // that of its subagent
    running_.erase(std::remove_if(running_.begin(), running_.end(),
                                  [&](const RunningCall& running) {
                                      return running.started.call.id == event.call.id &&
                                             running.speaker.id == speaker.id;
                                  }),
                   running_.end());
    if (has_started_job(event) || file_.list_is_shown) return;
    Lines lines{finished_tool_line(event, room(speaker), style_, file_.before)};
    const bool is_shown = file_.change_is_shown && !event.result.is_error && !event.denied;
    if (speaker.id.empty() && !is_shown) {
        ToolOutput output =
            tool_output(event, {room(speaker), style_, fold_key_, whole_results_}, file_.before);
        append_lines(lines, std::move(output.lines));
        if (!output.whole.empty()) {
            const std::string title =
                finished_tool_line(event, kEndlessWidth, style_, file_.before);
            folded_.add({title, std::move(output.whole), {}});
        }
    }
    put(std::move(lines), speaker);
}

/// Results have been shown already; the rest of the message is for the model.
void Transcript::on(const agent::UserMessageSent&, const Speaker&) {}

void Transcript::on(const agent::JobChanged& event, const Speaker& speaker) {
    Lines lines{job_line(event, room(speaker), style_)};
    if (has_ended(event)) add_job_output(lines, event, speaker);
    put(std::move(lines), speaker);
}

/// The last lines of its output, more for a failure.
void Transcript::add_job_output(Lines& lines, const agent::JobChanged& job,
                                const Speaker& speaker) {
    const std::size_t most = has_job_failed(job) ? kMostLinesOfFailedJob : kMostLinesOfEndedJob;
    const std::size_t columns = room(speaker) - kSubagentIndent;
    const Lines all = last_output_lines(job_output_.text, SIZE_MAX, job_output_.is_whole);
    bool is_whole = job_output_.is_whole && all.size() <= most;
    for (std::size_t i = all.size() - std::min(most, all.size()); i < all.size(); ++i) {
        is_whole = is_whole && width_of(all[i]) <= columns;
        lines.push_back(indented(paint(style_, kDim, cut(all[i], columns)), kSubagentIndent));
    }
    if (!is_whole) folded_.add({job_line(job, kEndlessWidth, style_), {}, job.id});
}

void Transcript::on(const agent::Notice& event, const Speaker& speaker) {
    put_line("!", kAttention, harmless(event.text), speaker);
}

void Transcript::on(const agent::FileAttached& event, const Speaker& speaker) {
    put_line("●", kDim, "attached " + harmless(event.text), speaker);
}

void Transcript::on(const agent::Compacted& event, const Speaker& speaker) {
    const bool shorter = event.tokens_after < event.tokens_before;
    put_line("●", kDim,
             std::string(shorter ? "conversation made shorter"
                                 : "conversation summed up, but not shorter") +
                 ": about " + std::to_string(event.tokens_before) + " tokens became " +
                 std::to_string(event.tokens_after),
             speaker);
}

void Transcript::add_answer_text(std::string_view text) {
    answering_ = true;
    put_answer(answer_.append(text, width_));
}

void Transcript::end_answer() {
    put_answer(answer_.finish(width_));
    answering_ = false;
    shown_ = false;
    for (auto& [speaker, lines] : std::exchange(held_, {}))
        put(std::move(lines), speaker);
}

void Transcript::put_answer(Lines lines) {
    if (lines.empty()) return;
    if (!shown_) begin(OutputPart::kAnswer);
    shown_ = true;
    append_lines(out_, std::move(lines));
}

void Transcript::put(Lines lines, const Speaker& speaker) {
    if (answering_) {
        held_.emplace_back(speaker, std::move(lines));
        return;
    }
    begin(OutputPart::kLines);
    begin_lines_of(speaker);
    for (std::string& line : lines)
        out_.push_back(indented(std::move(line), speaker.id.empty() ? 0 : kSubagentIndent));
}

void Transcript::put_line(std::string_view sign, const Look& look, std::string_view text,
                          const Speaker& speaker) {
    put_rows(sign, look, wrap(text, room(speaker) - kSubagentIndent), speaker);
}

void Transcript::put_rows(std::string_view sign, const Look& look, const Lines& rows,
                          const Speaker& speaker) {
    Lines lines;
    std::string before = paint(style_, look, sign) + " ";
    for (const std::string& row : rows) {
        lines.push_back(before + row);
        before.assign(kSubagentIndent, ' ');
    }
    put(std::move(lines), speaker);
}

/// A blank line separates the parts of the output.
void Transcript::begin(OutputPart part) {
    const bool together = part == OutputPart::kLines && last_ == part;
    if (last_ != OutputPart::kNothing && !together) out_.emplace_back();
    if (!together) last_speaker_.clear();
    last_ = part;
}

void Transcript::begin_lines_of(const Speaker& speaker) {
    if (speaker.id != last_speaker_ && !speaker.id.empty()) {
        const std::string title = first_line(speaker.title);
        out_.push_back(
            cut(paint(style_, kDim, "▸ " + (title.empty() ? "subagent" : title)), width_));
    }
    last_speaker_ = speaker.id;
}

std::size_t Transcript::room(const Speaker& speaker) const {
    return std::max(width_ - (speaker.id.empty() ? 0 : kSubagentIndent), kLeastWidth);
}

Transcript::Lines Transcript::take() {
    return std::exchange(out_, {});
}

}  // namespace tenon::ui
