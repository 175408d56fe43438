#include "host/plugin/printed_lines.h"

#include <algorithm>
#include <utility>

#include "host/base/utf8.h"

namespace tenon::plugin {
namespace {

void add_remark(std::size_t left_out, std::vector<PrintedLines::Line>& lines) {
    if (left_out > 0)
        lines.push_back({"[" + std::to_string(left_out) + " bytes of further lines left out]"});
}

}  // namespace

std::string PrintedLines::Line::without(const Secrets& secrets) const {
    if (left_out == 0) return secrets.redact(text);
    return secrets.redact_part(text, {false, true}) + " [" + std::to_string(left_out) +
           " more bytes left out]";
}

std::vector<PrintedLines::Line> PrintedLines::take(std::string_view bytes, Time now) {
    std::vector<Line> lines;
    add_remark(allowance_.take_left_out(now), lines);
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        const std::size_t fits = std::min(part.size(), kLongestLine - line_.size());
        line_ += part.substr(0, fits);
        cut_bytes_ += part.size() - fits;
        if (end == std::string_view::npos) break;
        bytes.remove_prefix(end + 1);
        end_line(now, lines);
    }
    return lines;
}

std::vector<PrintedLines::Line> PrintedLines::finish(Time now) {
    std::vector<Line> lines;
    end_line(now, lines);
    add_remark(allowance_.take_all_left_out(), lines);
    return lines;
}

void PrintedLines::end_line(Time now, std::vector<Line>& lines) {
    std::string text = std::exchange(line_, {});
    std::uint64_t cut = std::exchange(cut_bytes_, 0);
    if (text.empty()) return;
    // Without what is cut off, so that a line longer than the allowance shows its beginning.
    if (!allowance_.admits(text.size(), now)) return allowance_.leave_out(cut);
    if (cut > 0) {
        const std::size_t broken = utf8::incomplete_suffix(text);
        text.resize(text.size() - broken);
        cut += broken;
    }
    lines.push_back({utf8::repair(text), cut});
}

}  // namespace tenon::plugin
