// What the journal of the open session holds.
#include <algorithm>

#include "host/base/untrusted.h"
#include "host/sitting/export.h"
#include "host/sitting/sentence.h"
#include "host/sitting/sitting.h"
#include "host/ui/folded.h"

namespace tenon::sitting {

/// The last turns of a session that goes on.
void Sitting::show_last_turns() {
    const auto height = static_cast<std::size_t>(std::max(terminal_.height(), 1));
    std::vector<std::string> lines = recorded_.last_turns(transcript_, style_, width(), height);
    recorded_.forget_last_turns();
    if (lines.empty()) return;
    lines.insert(lines.begin(), "");
    lines.emplace_back();  // the transcript puts none before its first lines
    print(lines);
}

void Sitting::show_history() {
    if (session_ == nullptr) return;
    terminal::PagedText text;
    const bool turn_runs = status_.working_since_ms != 0;
    auto read = recorded_.all(style_, width(), session_->background_jobs(), turn_runs,
                              [&](const std::vector<std::string>& lines) {
                                  text.add(ui::joined_lines(lines));  // one write, not many
                              });
    if (!read) print(sentence(visible(read.error().message)));
    if (text.line_count() == 0) return print("The conversation is empty.");
    terminal_.page(std::move(text));
}

void Sitting::export_to(const std::string& file) {
    if (session_ == nullptr) return;
    const auto written = export_conversation(setup_.settings, session_id_, setup_.secrets, file);
    print(written ? "The conversation is in " + visible(written->string()) + "."
                  : sentence(visible(written.error().message)));
}

}  // namespace tenon::sitting
