#include "host/ui/notices.h"

#include <cstdio>

#include "host/base/output.h"

namespace tenon::ui {
namespace {

std::string in_seconds(std::chrono::milliseconds time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(time.count()) / 1000.0);
    return text;
}

/// Empty: nothing to say.
template <class Event>
std::string line_of(const Event& event) {
    if (const auto* notice = std::get_if<agent::Notice>(&event)) return notice->text;
    const auto* retry = std::get_if<agent::RetryScheduled>(&event);
    if (retry == nullptr) return {};
    return retry->reason + "; attempt " + std::to_string(retry->attempt + 1) + " of " +
           std::to_string(retry->max_attempts) + " in " + in_seconds(retry->delay);
}

}  // namespace

void Notices::on_event(const agent::AgentEvent& event) {
    const auto* of_subagent = std::get_if<agent::SubagentEvent>(&event);
    std::string line = of_subagent == nullptr ? line_of(event) : line_of(of_subagent->event);
    if (line.empty()) return;
    if (of_subagent != nullptr) line = "subagent '" + of_subagent->title + "': " + line;
    say(line);
}

void FanOut::on_event(const agent::AgentEvent& event) {
    for (const agent::AgentEvent& shown : redaction_.of(event)) {
        for (agent::EventSink* watcher : watchers_)
            watcher->on_event(shown);
    }
}

}  // namespace tenon::ui
