#include "host/cli/call_progress.h"

#include <algorithm>
#include <utility>

#include "host/base/text_width.h"
#include "host/base/untrusted.h"

namespace tenon::cli {

void CallProgress::on_event(const agent::AgentEvent& event) {
    const auto* progressed = std::get_if<agent::ToolProgressed>(&event);
    if (progressed == nullptr || progressed->note.empty()) return;
    const Lock lock(mutex_);
    if (over_ || progressed->note == shown_) return;
    if (may_show_now()) {
        show(progressed->note);
    } else {
        left_out_ = progressed->note;
    }
}

void CallProgress::say(std::string_view line) {
    const Lock lock(mutex_);
    remove_line();
    ways_.say(line);
}

void CallProgress::finish() {
    const Lock lock(mutex_);
    if (std::exchange(over_, true)) return;
    remove_line();
    if (!screen_.escapes && !left_out_.empty() && left_out_ != shown_) show(left_out_);
}

bool CallProgress::may_show_now() {
    const auto now = ways_.now();
    while (!shown_at_.empty() && now - shown_at_.front() >= std::chrono::seconds(1))
        shown_at_.pop_front();
    if (shown_at_.size() >= (screen_.escapes ? kMostRewritesASecond : kMostLinesASecond))
        return false;
    shown_at_.push_back(now);
    return true;
}

/// On a terminal the cursor stays at the beginning of the line: what others write to standard error
/// begins there. Of a note that is longer than their line, the rest stays behind it.
void CallProgress::show(std::string note) {
    shown_ = std::move(note);
    left_out_.clear();
    std::string line = tool_ + ": " + shown_;
    std::replace(line.begin(), line.end(), '\n', ' ');  // else it could look like lines of the host
    if (!screen_.escapes) {
        ways_.say(line);
        return;
    }
    ways_.write("\r\x1b[K" + cut(visible(line), screen_.columns - 1) + "\r");
    has_line_ = true;
}

void CallProgress::remove_line() {
    if (std::exchange(has_line_, false)) ways_.write("\r\x1b[K");
}

}  // namespace tenon::cli
