#include "host/ui/tool_line.h"

#include <algorithm>

#include "host/base/counted.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/ui/diff.h"
#include "host/ui/status_line.h"
#include "host/ui/tool_output.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;

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

// Lines.

constexpr milliseconds kJustBegun{100};
/// Columns of the call and of a note at least; a narrower note is left out.
constexpr std::size_t kLeastOfCall = 12;
constexpr std::size_t kLeastOfNote = 4;
/// Columns that the call has also before a state that does not fit behind it.
constexpr std::size_t kBeginningOfCall = 4;

/// `Call` is ToolStarted or ToolFinished. However narrow the row is, the call is cut and not its
/// state, which stands behind it.
template <class Call>
std::string call_line(const Mark& mark, const Call& call, const std::string& behind,
                      std::size_t width, Style style) {
    const auto [name, subject] = subject_of(call.call, call.facts);
    const std::string what = paint(style, kBold, name) + (subject.empty() ? "" : " " + subject);
    const std::size_t room = width - std::min(width, width_of(behind));
    const std::string line = status_line(mark, what, "", std::max(room, kBeginningOfCall), style);
    return cut(line + paint(style, kDim, behind), width);
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

}  // namespace

std::vector<std::string> checklist_lines(const Json& items, std::size_t width, Style style) {
    std::vector<std::string> rows;
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

bool has_started_job(const agent::ToolFinished& call) {
    // The tool's answer, also after a restart: "Background job 1a2b3c4d started: npm test".
    return call.facts.recovered == agent::RecoveredAnswer::kJobStart && !call.denied &&
           !call.result.is_error &&
           first_line(call.result.text).find(" started: ") != std::string::npos;
}

std::string running_tool_line(const agent::ToolStarted& call, milliseconds elapsed,
                              std::string_view note, std::size_t width, Style style) {
    // The row is drawn again each second, so the first time drawn may be of nearly two seconds.
    if (elapsed >= kJustBegun) elapsed = std::max<milliseconds>(elapsed, std::chrono::seconds(1));
    Details details;
    add_time(details, elapsed);
    std::string behind = in_brackets(details);
    // A subagent's call begins with its title as the note.
    const std::string shown_note = harmless_line(note);
    const bool says_more = shown_note != subject_of(call.call, call.facts).subject;
    const std::size_t taken = width_of(behind) + kLeastOfCall + 1;
    const std::size_t left = width - std::min(width, taken);
    if (!note.empty() && says_more && left >= kLeastOfNote)
        behind += " " + cut(shown_note, std::min(left, width / 2));
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

}  // namespace tenon::ui
