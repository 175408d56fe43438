#include "host/ui/tool_line.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/ui/diff.h"
#include "host/ui/markdown_stream.h"
#include "host/ui/status_line.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostOutputLines = 5;
constexpr std::size_t kLinesOfHead = 2;
constexpr std::size_t kMostToolDiffRows = 20;
constexpr std::size_t kOutputIndent = 2;
using Rows = std::vector<std::string>;

using agent::ResultView;

// The subject of a call.

/// Of a longer value only the beginning is used: no terminal is wider.
constexpr std::size_t kLongestValue = 2000;

std::string shown_value(std::string_view text) {
    return visible(utf8::first_bytes(text, kLongestValue));
}

std::string value_text(const Json& value) {
    return first_line(value.is_string() ? *string_in(value) : dump_json(value));
}

/// Text, an integer, or a list of both; empty for everything else.
std::string argument_text(const Json& value) {
    if (const std::string* text = string_in(value); text != nullptr) return shown_value(*text);
    if (value.is_number_integer()) return value_text(value);
    std::string out;
    if (!value.is_array()) return out;
    for (const Json& element : value)
        out.append(out.empty() ? "" : " ").append(value_text(element));
    return out;
}

/// `10-14`, `10-` without an end; empty when neither number is there.
std::string line_range(const Json& input, std::string_view first, std::string_view count) {
    const std::int64_t offset = integer_or(input, first, 1);
    const std::int64_t limit = integer_or(input, count, 0);
    if (member(input, first).is_null() && limit <= 0) return {};
    const bool sane = limit > 0 && offset > 0 && limit < INT64_MAX - offset;
    return std::to_string(offset) + "-" + (sane ? std::to_string(offset + limit - 1) : "");
}

/// One alternative of a placeholder: `a`, `a:first` or `a+b`.
std::string alternative(std::string_view text, const Json& input) {
    if (const auto plus = text.find('+'); plus != std::string_view::npos)
        return line_range(input, text.substr(0, plus), text.substr(plus + 1));
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return argument_text(member(input, text));
    return first_line(string_or(input, text.substr(0, colon)));
}

/// Fills in the subject that a tool states; FACTS OF A TOOL in plugin.h has the syntax.
class Subject {
public:
    Subject(std::string_view rest, const Json& input) : rest_(rest), input_(input) {}

    std::string text() {
        std::string out;
        while (!rest_.empty()) {
            const char c = take();
            if (c == '{') {
                out += placeholder();
            } else if (c == '[') {
                out += bracket();
            } else {
                out += c;
            }
        }
        return out;
    }

private:
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    /// Takes the text before `end`, and `end`.
    std::string_view take_until(char end) {
        const std::string_view found = rest_.substr(0, rest_.find(end));
        rest_.remove_prefix(std::min(found.size() + 1, rest_.size()));
        return found;
    }
    std::string placeholder() {
        std::string_view names = take_until('}');
        std::string value;
        while (value.empty() && !names.empty()) {
            const std::string_view name = names.substr(0, names.find('|'));
            value = alternative(name, input_);
            names.remove_prefix(std::min(name.size() + 1, names.size()));
        }
        missing_ = missing_ || value.empty();
        return value;
    }
    std::string bracket() {
        Subject inner(take_until(']'), input_);
        std::string text = inner.text();
        return inner.missing_ ? std::string() : text;
    }

    std::string_view rest_;
    const Json& input_;
    bool missing_ = false;
};

/// The tool and the subject of a call, without styling and line feeds; the subject may be empty.
/// Controls become escapes, so that the person sees exactly what the model asked for. Not cut.
struct ToolSubject {
    std::string name;
    std::string subject;
};

/// name(key: value, …)
ToolSubject spelled_out(const agent::ToolCall& call) {
    std::string arguments;
    for (const auto& [key, value] : call.input.items()) {
        arguments.append(arguments.empty() ? "" : ", ")
            .append(shown_value(key))
            .append(": ")
            .append(value_text(value));
        if (arguments.size() > kLongestValue) break;
    }
    return {shown_value(call.name) + "(" + arguments + ")", {}};
}

/// When a tool states no subject, the name contains all arguments.
ToolSubject subject_of(const agent::ToolCall& call, const agent::ToolFacts& facts) {
    if (!call.input.is_object()) return {shown_value(call.name), {}};
    if (!facts.subject) return spelled_out(call);
    return {shown_value(call.name), visible(Subject(*facts.subject, call.input).text())};
}

// The result of a call.

bool has_only_blanks(const std::string& line) {
    return line.find_first_not_of(' ') == std::string::npos;
}

void drop_blank_end(std::vector<std::string>& lines) {
    while (!lines.empty() && has_only_blanks(lines.back()))
        lines.pop_back();
}

/// The text that a terminal shows of a line with carriage returns.
std::string_view last_state(std::string_view line) {
    while (!line.empty() && line.back() == '\r')
        line.remove_suffix(1);
    const std::size_t over = line.rfind('\r');
    return over == std::string_view::npos ? line : line.substr(over + 1);
}

struct Ending {
    std::string_view begin, shown;
};
constexpr std::array kEndings = {Ending{"exit code: ", "exit "},
                                 Ending{"signal: ", "signal "},
                                 Ending{"timed out after ", "timed out after "},
                                 Ending{"cancelled by ", "cancelled by "},
                                 Ending{"lost: ", "lost: "},
                                 Ending{"interrupted", "interrupted"}};
constexpr std::string_view kContinues = "continues as background ";
/// The line with the exit code is among the last lines in brackets, at most this many.
constexpr std::size_t kMostBrackets = 4;

bool is_bracketed(std::string_view line) {
    return line.size() > 2 && line.front() == '[' && line.back() == ']';
}

std::string ending_of(std::string_view line) {
    line = line.substr(1, line.size() - 2);
    for (const Ending& ending : kEndings) {
        if (line.substr(0, ending.begin.size()) == ending.begin)
            return std::string(ending.shown).append(line.substr(ending.begin.size()));
    }
    const std::size_t at = line.find(kContinues);
    if (at == std::string_view::npos) return {};
    return std::string("continues as ").append(line.substr(at + kContinues.size()));
}

/// Harmless lines, without blank lines at both ends. Of a line with carriage returns only the last
/// state is kept.
std::vector<std::string> output_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(harmless_line(last_state(text.substr(0, end))));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    lines.erase(lines.begin(), std::find_if_not(lines.begin(), lines.end(), has_only_blanks));
    drop_blank_end(lines);
    return lines;
}

/// The output of a command, and the line in brackets that states how it ended: `[exit code: 3]`
/// becomes `exit 3`, `[signal: KILL]` `signal KILL`, `[… continues as background job 1a2b3c4d]`
/// `continues as job 1a2b3c4d`. Without such a line the ending is empty, which is success.
struct CommandOutput {
    std::vector<std::string> lines;
    std::string ending;
};
CommandOutput command_output(std::string_view text) {
    CommandOutput output{output_lines(text), {}};
    auto& lines = output.lines;
    for (std::size_t back = 1; back <= std::min(kMostBrackets, lines.size()); ++back) {
        const auto line = lines.end() - static_cast<std::ptrdiff_t>(back);
        if (!is_bracketed(*line)) break;
        output.ending = ending_of(*line);
        if (output.ending.empty()) continue;
        lines.erase(line);
        drop_blank_end(lines);
        break;
    }
    if (lines.size() == 1 && lines[0] == "(no output)") lines.clear();
    return output;
}

/// At most `head` lines from the beginning and `tail` from the end, with `… +N lines` for the
/// others.
std::vector<std::string> fold_middle(std::vector<std::string> lines, std::size_t head,
                                     std::size_t tail) {
    if (lines.size() <= head + tail) return lines;
    const std::size_t left_out = lines.size() - head - tail;
    std::vector<std::string> out;
    const auto end_of_head = lines.begin() + static_cast<std::ptrdiff_t>(head);
    std::move(lines.begin(), end_of_head, std::back_inserter(out));
    out.push_back("… +" + std::to_string(left_out) + (left_out == 1 ? " line" : " lines"));
    std::move(lines.end() - static_cast<std::ptrdiff_t>(tail), lines.end(),
              std::back_inserter(out));
    return out;
}

// Lines.

/// `Call` is ToolStarted or ToolFinished.
template <class Call>
std::string call_line(const Mark& mark, const Call& call, const std::string& behind,
                      std::size_t width, Style style) {
    const auto [name, subject] = subject_of(call.call, call.facts);
    const std::string what = paint(style, kBold, name) + (subject.empty() ? "" : " " + subject);
    return status_line(mark, what, behind, width, style);
}

std::string sizes_of(const Diff& diff) {
    return "+" + std::to_string(diff.added) + " -" + std::to_string(diff.removed);
}

using Contents = std::optional<std::string_view>;

std::string outcome_of(const agent::ToolFinished& call, Contents before) {
    const std::string& text = call.result.text;
    if (call.denied) return "denied";
    if (call.facts.result == ResultView::kCommand) {
        if (std::string ending = command_output(text).ending; !ending.empty()) return ending;
    }
    if (call.result.is_error) return "error";
    if (!call.result.images.empty()) return counted(call.result.images.size(), "image");
    if (call.facts.result == ResultView::kLineCount)
        return counted(output_lines(text).size(), "line");
    if (call.facts.result == ResultView::kDiff) return sizes_of(shown_diff(text, {}));
    if (const auto change = change_of(call.call, call.facts, before))
        return sizes_of(diff(*change, {}));
    return {};
}

bool has_failed(const agent::ToolFinished& call) {
    if (call.denied || call.result.is_error) return true;
    if (call.facts.result != ResultView::kCommand) return false;
    const std::string ending = command_output(call.result.text).ending;
    return !ending.empty() && ending.rfind("continues", 0) != 0;
}

Rows wrap_lines(const Rows& lines, std::size_t width) {
    Rows rows;
    for (const std::string& line : lines) {
        for (std::string& row : wrap(line, width))
            rows.push_back(std::move(row));
    }
    return rows;
}

Rows checklist(const Json& items, std::size_t width, Style style) {
    Rows rows;
    if (!items.is_array()) return rows;
    for (const Json& item : items) {
        const std::string status = string_or(item, "status");
        const bool done = status == "completed";
        const bool active = status == "in_progress";
        const Look look = done ? kDim : active ? kBold : Look{};
        std::string box = done ? "[x] " : active ? "[>] " : "[ ] ";
        for (const std::string& row : wrap(visible(string_or(item, "text")), width - box.size())) {
            rows.push_back(paint(style, look, box + row));
            box.assign(box.size(), ' ');
        }
    }
    return rows;
}

Rows dimmed(Rows lines, std::size_t width, Style style) {
    for (std::string& line : lines)
        line = paint(style, kDim, cut(line, width));
    return lines;
}

Rows body_of(const agent::ToolFinished& call, std::size_t width, Style style, Contents before) {
    if (call.denied || call.result.is_error) {
        Rows rows =
            fold_middle(wrap_lines(output_lines(call.result.text), width), kMostOutputLines, 0);
        for (std::string& row : rows)
            row = paint(style, kBad, row);
        return rows;
    }
    switch (call.facts.result) {
        case ResultView::kNothing:
        case ResultView::kLineCount:
            return {};
        case ResultView::kChecklist:
            return checklist(member(call.call.input, call.facts.items), width, style);
        case ResultView::kDiff:
            return shown_diff(call.result.text, {width, kMostToolDiffRows, style}).lines;
        case ResultView::kChange:
            if (const auto change = change_of(call.call, call.facts, before))
                return diff(*change, {width, kMostToolDiffRows, style,
                                      changed_path(call.call.input, call.facts)})
                    .lines;
            return {};
        case ResultView::kCommand:
            return dimmed(fold_middle(command_output(call.result.text).lines, kLinesOfHead,
                                      kMostOutputLines - kLinesOfHead),
                          width, style);
        case ResultView::kText:
            break;
    }
    const bool of_subagent = call.facts.recovered == agent::RecoveredAnswer::kSubagent;
    Rows lines = of_subagent ? render_markdown(call.result.text, width, Style::kPlain)
                             : output_lines(call.result.text);
    return dimmed(fold_middle(std::move(lines), kMostOutputLines, 0), width, style);
}

}  // namespace

bool has_started_job(const agent::ToolFinished& call) {
    // The tool's answer, also after a restart: "Background job 1a2b3c4d started: npm test".
    return call.facts.recovered == agent::RecoveredAnswer::kJobStart && !call.denied &&
           !call.result.is_error &&
           first_line(call.result.text).find(" started: ") != std::string::npos;
}

std::string running_tool_line(const agent::ToolStarted& call, milliseconds elapsed,
                              std::string_view note, std::size_t width, Style style) {
    Details details;
    add_time(details, elapsed);
    std::string behind = in_brackets(details);
    // A subagent's call begins with its title as the note.
    const std::string shown_note = harmless_line(note);
    const bool says_more = shown_note != subject_of(call.call, call.facts).subject;
    if (!note.empty() && says_more) behind += " " + cut(shown_note, width / 2);
    return call_line(kRunning, call, behind, width, style);
}

std::string finished_tool_line(const agent::ToolFinished& call, std::size_t width, Style style,
                               Contents before) {
    Details details;
    add_time(details, call.duration);
    if (std::string outcome = outcome_of(call, before); !outcome.empty())
        details.push_back(std::move(outcome));
    return call_line(has_failed(call) ? kFailed : kSucceeded, call, in_brackets(details), width,
                     style);
}

std::vector<std::string> tool_output_lines(const agent::ToolFinished& call, std::size_t width,
                                           Style style, Contents before) {
    const std::size_t room = std::max<std::size_t>(width, kOutputIndent + 10) - kOutputIndent;
    Rows lines = body_of(call, room, style, before);
    for (std::string& line : lines)
        line.insert(0, line.empty() ? 0 : kOutputIndent, ' ');
    return lines;
}

}  // namespace tenon::ui
