#include "host/ui/tool_output.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "host/base/untrusted.h"

namespace tenon::ui {
namespace {

bool is_blank(const std::string& line) {
    return line.find_first_not_of(' ') == std::string::npos;
}

void drop_blank_end(std::vector<std::string>& lines) {
    while (!lines.empty() && is_blank(lines.back()))
        lines.pop_back();
}

/// What a terminal would show of a line in the end.
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
constexpr std::string_view kGoesOn = "continues as background ";
/// What else a command's result says in brackets stands behind its ending.
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
    const std::size_t at = line.find(kGoesOn);
    if (at == std::string_view::npos) return {};
    return std::string("continues as ").append(line.substr(at + kGoesOn.size()));
}

}  // namespace

std::vector<std::string> output_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(harmless_line(last_state(text.substr(0, end))));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    lines.erase(lines.begin(), std::find_if_not(lines.begin(), lines.end(), is_blank));
    drop_blank_end(lines);
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

std::vector<std::string> folded(std::vector<std::string> lines, std::size_t head,
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

}  // namespace tenon::ui
