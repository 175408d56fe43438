#include "host/ui/thought.h"

#include <algorithm>
#include <utility>

#include "host/base/duration.h"
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/ui/markdown_stream.h"

namespace tenon::ui {
namespace {

constexpr std::size_t kLongestFirstLine = 2000;  // no terminal is wider

std::string first_line_of_thought(std::string_view text) {
    text = utf8::first_bytes(utf8::trimmed(text), kLongestFirstLine);
    text = text.substr(0, text.find('\n'));
    // In one row: `cut` shortens it.
    const auto rows = render_markdown(text, SIZE_MAX / 2, Style::kPlain);
    return rows.empty() ? std::string() : rows.front();
}

std::string whole_seconds(std::chrono::milliseconds time) {
    return duration_text(
        std::max(std::chrono::floor<std::chrono::seconds>(time), std::chrono::seconds(1)));
}

}  // namespace

void Thought::add(std::string_view text, Time now) {
    if (!since_) since_ = now;
    const std::size_t room = kMostBytes - std::min(kMostBytes, text_.size());
    text_ += utf8::first_bytes(text, room);
}

std::string Thought::line(std::size_t width, Time now) const {
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - *since_);
    std::string line = "Thinking… " + whole_seconds(elapsed);
    if (const std::string first = first_line_of_thought(text_); !first.empty())
        line += ": " + first;
    return cut(line, width);
}

std::string Thought::end_line(Time now) const {
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - *since_);
    return "thought for " + whole_seconds(elapsed);
}

std::string Thought::take() {
    since_.reset();
    return harmless(std::exchange(text_, {}));
}

void Thought::forget() {
    since_.reset();
    text_.clear();
}

}  // namespace tenon::ui
