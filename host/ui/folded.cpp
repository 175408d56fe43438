#include "host/ui/folded.h"

#include <utility>

#include "host/base/counted.h"
#include "host/base/text_width.h"
#include "host/base/utf8.h"
#include "host/ui/status_line.h"

namespace tenon::ui {
namespace {

std::size_t bytes_of(const FoldedText& text) {
    return text.title.size() + text.text.size() + text.job.size();
}

/// Only whole lines, unless the first line is too long itself.
void cut_end(std::string& text, std::size_t most) {
    if (text.size() <= most) return;
    const std::size_t all = text.size();
    std::string_view kept = utf8::first_bytes(text, most);
    if (const auto end = kept.rfind('\n'); end != std::string_view::npos)
        kept = kept.substr(0, end + 1);
    text.resize(kept.size());
    if (text.back() != '\n') text += '\n';
    text += "… " + std::to_string(all - kept.size()) + " bytes more are not kept\n";
}

}  // namespace

std::string folded_line(std::size_t left_out, std::string_view key, std::size_t columns) {
    const std::string line = "… +" + counted(left_out, "line");
    if (key.empty()) return cut(line, columns);
    const std::string with_key = line + " (" + std::string(key) + ")";
    return width_of(with_key) <= columns ? with_key : cut(line, columns);
}

std::string joined_lines(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines)
        text.append(line).append("\n");
    return text;
}

void FoldedTexts::add(FoldedText text) {
    cut_end(text.text, kMostBytesOfOne);
    text.text.shrink_to_fit();
    bytes_ += bytes_of(text);
    texts_.push_back(std::move(text));
    while (texts_.size() > kMostTexts || bytes_ > kMostBytes) {
        bytes_ -= bytes_of(texts_.front());
        texts_.pop_front();
    }
    returned_ = 0;
}

const FoldedText* FoldedTexts::next() {
    if (returned_ == texts_.size()) {
        returned_ = 0;
        return nullptr;
    }
    ++returned_;
    return &texts_[texts_.size() - returned_];
}

}  // namespace tenon::ui
