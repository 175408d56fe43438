#include "host/ui/running_output.h"

#include <algorithm>
#include <iterator>

#include "host/base/text_width.h"

namespace tenon::ui {
namespace {

constexpr std::size_t kMostRunningLines = 5;
constexpr std::size_t kRunningIndent = 2;
constexpr std::size_t kIndentOfSubagent = 4;

std::string background_hint(std::size_t room) {
    const std::string hint = "Ctrl-B: to the background";
    return width_of(hint) <= room ? hint : cut("Ctrl-B: background", room);
}

/// How many lines of each output are shown.
std::vector<std::size_t> shares_of(const std::vector<const RunningOutput*>& outputs,
                                   std::size_t rows) {
    std::vector<std::size_t> shares(outputs.size(), 0);
    for (std::size_t each = 1; each <= kMostRunningLines; ++each) {
        for (std::size_t i = 0; i < outputs.size() && rows > 0; ++i) {
            if (outputs[i] == nullptr || outputs[i]->lines.size() < each) continue;
            shares[i] = each;
            --rows;
        }
    }
    return shares;
}

}  // namespace

std::vector<std::vector<std::string>> running_output_rows(
    const std::vector<const RunningOutput*>& outputs, std::size_t max_rows, std::size_t width,
    Style style) {
    const auto own = std::find_if(
        outputs.rbegin(), outputs.rend(),
        [](const RunningOutput* output) { return output != nullptr && !output->of_subagent; });
    // A line of each output is more important than the hint.
    const auto with_lines = static_cast<std::size_t>(std::count_if(
        outputs.begin(), outputs.end(),
        [](const RunningOutput* output) { return output != nullptr && !output->lines.empty(); }));
    const bool has_hint = own != outputs.rend() && max_rows > with_lines;
    const auto shares = shares_of(outputs, max_rows - (has_hint ? 1 : 0));
    std::vector<std::vector<std::string>> rows(outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i] == nullptr) continue;
        const std::size_t indent = outputs[i]->of_subagent ? kIndentOfSubagent : kRunningIndent;
        const std::size_t room = width - std::min(width, indent);
        const auto& lines = outputs[i]->lines;
        const auto put = [&](const std::string& text) {
            rows[i].push_back(std::string(indent, ' ') + paint(style, kDim, cut(text, room)));
        };
        std::for_each(lines.end() - static_cast<std::ptrdiff_t>(shares[i]), lines.end(), put);
        if (has_hint && &outputs[i] == &*own) put(background_hint(room));
    }
    return rows;
}

}  // namespace tenon::ui
