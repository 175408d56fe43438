#include "host/ui/tool_line.h"

#include <algorithm>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/ui/diff.h"
#include "host/ui/status_line.h"
#include "host/ui/tool_output.h"
#include "host/ui/tool_subject.h"

namespace tenon::ui {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostLines = 5;
constexpr std::size_t kLinesOfHead = 2;
constexpr std::size_t kMostDiffRows = 20;
constexpr std::size_t kIndent = 2;
using Rows = std::vector<std::string>;

using agent::ResultView;

/// `Call` is ToolStarted or ToolFinished.
template <class Call>
std::string line_of(const Mark& mark, const Call& call, const std::string& behind,
                    std::size_t width, Style style) {
    const auto [name, subject] = subject_of(call.call, call.facts);
    const std::string what = paint(style, kBold, name) + (subject.empty() ? "" : " " + subject);
    return status_line(mark, what, behind, width, style);
}

std::string count_text(std::size_t n, const char* what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string sizes_of(const Diff& diff) {
    return "+" + std::to_string(diff.added) + " -" + std::to_string(diff.removed);
}

std::string outcome_of(const agent::ToolFinished& call) {
    const std::string& text = call.result.text;
    if (call.denied) return "denied";
    if (call.facts.result == ResultView::kCommand) {
        if (std::string ending = command_output(text).ending; !ending.empty()) return ending;
    }
    if (call.result.is_error) return "error";
    if (call.facts.result == ResultView::kLineCount)
        return count_text(output_lines(text).size(), "line");
    if (call.facts.result == ResultView::kDiff) return sizes_of(shown_diff(text, {}));
    if (const auto change = change_of(call.call, call.facts)) return sizes_of(diff(*change, {}));
    return {};
}

bool has_failed(const agent::ToolFinished& call) {
    if (call.denied || call.result.is_error) return true;
    if (call.facts.result != ResultView::kCommand) return false;
    const std::string ending = command_output(call.result.text).ending;
    return !ending.empty() && ending.rfind("continues", 0) != 0;
}

Rows wrapped(const Rows& lines, std::size_t width) {
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

Rows body_of(const agent::ToolFinished& call, std::size_t width, Style style) {
    if (call.denied || call.result.is_error) {
        Rows rows = folded(wrapped(output_lines(call.result.text), width), kMostLines, 0);
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
            return shown_diff(call.result.text, {width, kMostDiffRows, style}).lines;
        case ResultView::kChange:
            if (const auto change = change_of(call.call, call.facts))
                return diff(*change, {width, kMostDiffRows, style}).lines;
            return {};
        case ResultView::kCommand:
            return dimmed(folded(command_output(call.result.text).lines, kLinesOfHead,
                                 kMostLines - kLinesOfHead),
                          width, style);
        case ResultView::kText:
            break;
    }
    return dimmed(folded(output_lines(call.result.text), kMostLines, 0), width, style);
}

}  // namespace

std::string running_tool_line(const agent::ToolStarted& call, milliseconds elapsed,
                              std::string_view note, std::size_t width, Style style) {
    Details details;
    add_time(details, elapsed);
    std::string behind = in_brackets(details);
    if (!note.empty()) behind += " " + cut(harmless_line(note), width / 2);
    return line_of(kGoesOn, call, behind, width, style);
}

std::string finished_tool_line(const agent::ToolFinished& call, std::size_t width, Style style) {
    Details details;
    add_time(details, call.duration);
    if (std::string outcome = outcome_of(call); !outcome.empty())
        details.push_back(std::move(outcome));
    return line_of(has_failed(call) ? kWentWrong : kWentWell, call, in_brackets(details), width,
                   style);
}

std::vector<std::string> tool_output_lines(const agent::ToolFinished& call, std::size_t width,
                                           Style style) {
    const std::size_t room = std::max<std::size_t>(width, kIndent + 10) - kIndent;
    Rows lines = body_of(call, room, style);
    for (std::string& line : lines)
        line.insert(0, line.empty() ? 0 : kIndent, ' ');
    return lines;
}

}  // namespace tenon::ui
