#include "host/ui/tool_output.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/ui/diff.h"
#include "host/ui/folded.h"
#include "host/ui/markdown_stream.h"
#include "host/ui/tool_line.h"

namespace tenon::ui {
namespace {

using agent::ResultView;
using Rows = std::vector<std::string>;

constexpr std::size_t kMostOutputLines = 5;
constexpr std::size_t kLinesOfHead = 2;
constexpr std::size_t kMostToolDiffRows = 20;
constexpr std::size_t kOutputIndent = 2;

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

std::vector<std::string> all_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(harmless_line(last_state(text.substr(0, end))));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
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

/// Rows that are shown, and whether they show the whole text.
struct Body {
    Rows rows;
    bool is_whole = true;
};

/// Leaves at most `head` lines from the beginning and `tail` from the end, with `… +N lines` for
/// the others.
void fold_middle(Body& body, std::size_t head, std::size_t tail, const OutputLook& look) {
    Rows& rows = body.rows;
    if (look.whole || rows.size() <= head + tail) return;
    body.is_whole = false;
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(head);
    const auto end = rows.end() - static_cast<std::ptrdiff_t>(tail);
    *begin = folded_line(rows.size() - head - tail, look.fold_key, look.width);
    rows.erase(begin + 1, end);
}

Rows wrap_lines(const Rows& lines, std::size_t width) {
    Rows rows;
    for (const std::string& line : lines) {
        for (std::string& row : wrap(line, width))
            rows.push_back(std::move(row));
    }
    return rows;
}

void dim(Body& body, const OutputLook& look) {
    const std::size_t width = look.whole ? kEndlessWidth : look.width;
    for (std::string& line : body.rows) {
        body.is_whole = body.is_whole && width_of(line) <= width;
        line = paint(look.style, kDim, cut(line, width));
    }
}

ToolOutput text_output(Rows lines, std::size_t head, std::size_t tail, const OutputLook& look) {
    ToolOutput output;
    Body body{lines};
    fold_middle(body, head, tail, look);
    dim(body, look);
    output.lines = std::move(body.rows);
    if (!body.is_whole) output.whole = joined_lines(lines);
    return output;
}

ToolOutput error_output(const std::string& text, const OutputLook& look) {
    ToolOutput output;
    const Rows lines = output_lines(text);
    Body body{wrap_lines(lines, look.width)};
    fold_middle(body, kMostOutputLines, 0, look);
    for (const std::string& row : body.rows)
        output.lines.push_back(paint(look.style, kBad, row));
    if (!body.is_whole) output.whole = joined_lines(lines);
    return output;
}

/// No line of a diff is broken or cut.
DiffOptions whole_diff(const OutputLook& look) {
    return {kEndlessWidth, SIZE_MAX, look.style};
}

DiffOptions shown_part_of_diff(const OutputLook& look) {
    if (look.whole) return whole_diff(look);
    DiffOptions options{look.width, kMostToolDiffRows, look.style};
    options.fold_key = look.fold_key;
    return options;
}

ToolOutput diff_output(const std::string& text, const OutputLook& look) {
    Diff shown = shown_diff(text, shown_part_of_diff(look));
    ToolOutput output{std::move(shown.lines), {}};
    if (shown.is_cut) output.whole = joined_lines(shown_diff(text, whole_diff(look)).lines);
    return output;
}

ToolOutput change_output(const agent::ToolFinished& call, const OutputLook& look,
                         std::optional<std::string_view> before) {
    const auto change = change_of(call.call, call.facts, before);
    if (!change) return {};
    DiffOptions options = shown_part_of_diff(look);
    options.path = changed_path(call.call.input, call.facts);
    Diff shown = diff(*change, options);
    ToolOutput output{std::move(shown.lines), {}};
    if (shown.is_cut) {
        DiffOptions whole = whole_diff(look);
        whole.path = options.path;
        output.whole = joined_lines(diff(*change, whole).lines);
    }
    return output;
}

ToolOutput output_of(const agent::ToolFinished& call, const OutputLook& look,
                     std::optional<std::string_view> before) {
    const std::string& text = call.result.text;
    if (call.denied || call.result.is_error) return error_output(text, look);
    switch (call.facts.result) {
        case ResultView::kNothing:
        case ResultView::kLineCount:
            return {};
        case ResultView::kChecklist:
            return {
                checklist_lines(member(call.call.input, call.facts.items), look.width, look.style),
                {}};
        case ResultView::kDiff:
            return diff_output(text, look);
        case ResultView::kChange:
            return change_output(call, look, before);
        case ResultView::kCommand:
            return text_output(command_output(text).lines, kLinesOfHead,
                               kMostOutputLines - kLinesOfHead, look);
        case ResultView::kText:
            break;
    }
    if (call.facts.recovered != agent::RecoveredAnswer::kSubagent)
        return text_output(output_lines(text), kMostOutputLines, 0, look);
    if (look.whole) return {render_markdown(text, look.width, look.style), {}};
    ToolOutput output =
        text_output(render_markdown(text, look.width, Style::kPlain), kMostOutputLines, 0, look);
    if (!output.whole.empty())
        output.whole = joined_lines(render_markdown(text, look.width, look.style));
    return output;
}

}  // namespace

std::string harmless_output(std::string_view text) {
    return joined_lines(all_lines(text));
}

std::vector<std::string> output_lines(std::string_view text) {
    std::vector<std::string> lines = all_lines(text);
    lines.erase(lines.begin(), std::find_if_not(lines.begin(), lines.end(), has_only_blanks));
    drop_blank_end(lines);
    return lines;
}

std::vector<std::string> last_output_lines(std::string_view text, std::size_t count,
                                           bool is_whole) {
    if (const auto end = text.find('\n'); !is_whole && end + 1 < text.size())
        text.remove_prefix(end + 1);
    std::vector<std::string> lines = output_lines(text);
    if (lines.size() > count)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return lines;
}

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

ToolOutput tool_output(const agent::ToolFinished& call, const OutputLook& look,
                       std::optional<std::string_view> before) {
    OutputLook inner = look;
    inner.width = std::max<std::size_t>(look.width, kOutputIndent + 10) - kOutputIndent;
    ToolOutput output = output_of(call, inner, before);
    for (std::string& line : output.lines)
        line.insert(0, line.empty() ? 0 : kOutputIndent, ' ');
    return output;
}

}  // namespace tenon::ui
