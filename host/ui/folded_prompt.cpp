#include "host/ui/folded_prompt.h"

#include <algorithm>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"

namespace tenon::ui {
namespace {

constexpr std::size_t kMaxShortLines = 10;
constexpr std::size_t kMaxShortBytes = 2048;
constexpr std::size_t kSignColumns = 2;        // "> " before a prompt
constexpr std::size_t kMaxBytesOfLine = 4096;  // more than a row shows

}  // namespace

bool is_long_text(std::string_view text) {
    return text.size() > kMaxShortBytes || line_count(text) > kMaxShortLines;
}

std::size_t line_count(std::string_view text) {
    const auto ends = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return ends + (text.empty() || text.back() == '\n' ? 0 : 1);
}

std::string with_commas(std::size_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;)
        digits.insert(at -= 3, ",");
    return digits;
}

std::string first_lines(std::string_view text, std::string_view indent, std::size_t columns) {
    std::string lines;
    for (std::size_t i = 0; i < kShownLines && !text.empty(); ++i) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string line = harmless_line(text.substr(0, std::min(end, kMaxBytesOfLine)));
        lines += cut(std::string(indent) + line, columns) + '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string folded_prompt(std::string_view prompt, std::size_t columns) {
    if (!is_long_text(prompt)) return std::string(prompt);
    const std::size_t room = columns - std::min(columns, kSignColumns);
    std::string shown = first_lines(prompt, {}, std::max<std::size_t>(room, 2));
    const std::size_t lines = line_count(prompt);
    if (lines <= kShownLines) {
        shown.pop_back();
        return shown;
    }
    const std::size_t more = lines - kShownLines;
    return shown + "… +" + with_commas(more) + (more == 1 ? " line" : " lines");
}

}  // namespace tenon::ui
