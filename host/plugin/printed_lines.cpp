#include "host/plugin/printed_lines.h"

#include <algorithm>
#include <utility>

#include "host/base/utf8.h"

namespace tenon::plugin {

std::vector<PrintedLines::Line> PrintedLines::take(std::string_view bytes, Time now) {
    std::vector<Line> lines;
    begin_period(now, lines);
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end);
        const std::size_t fits = std::min(part.size(), kLongestLine - line_.size());
        line_ += part.substr(0, fits);
        cut_bytes_ += part.size() - fits;
        if (end == std::string_view::npos) break;
        bytes.remove_prefix(end + 1);
        end_line(lines);
    }
    return lines;
}

std::vector<PrintedLines::Line> PrintedLines::finish(Time now) {
    std::vector<Line> lines;
    begin_period(now, lines);
    if (!line_.empty()) end_line(lines);
    add_remark(lines);
    return lines;
}

PrintedLines::Time PrintedLines::next_remark() const {
    return left_out_ > 0 ? period_begin_ + kPeriod : Time::max();
}

void PrintedLines::begin_period(Time now, std::vector<Line>& lines) {
    if (period_begin_ != Time::min() && now < period_begin_ + kPeriod) return;
    add_remark(lines);
    period_begin_ = now;
    lines_in_period_ = 0;
}

void PrintedLines::end_line(std::vector<Line>& lines) {
    std::string text = std::exchange(line_, {});
    std::uint64_t cut = std::exchange(cut_bytes_, 0);
    if (lines_in_period_ == kMostLines) {
        left_out_ += text.size() + cut + 1;
        return;
    }
    ++lines_in_period_;
    if (cut > 0) {
        const std::size_t broken = utf8::incomplete_suffix(text);
        text.resize(text.size() - broken);
        cut += broken;
    }
    Line line{utf8::repair(text), cut > 0};
    if (cut > 0) line.text += " [" + std::to_string(cut) + " more bytes left out]";
    lines.push_back(std::move(line));
}

void PrintedLines::add_remark(std::vector<Line>& lines) {
    if (left_out_ == 0) return;
    lines.push_back(
        {"[" + std::to_string(std::exchange(left_out_, 0)) + " bytes of further lines left out]"});
}

}  // namespace tenon::plugin
