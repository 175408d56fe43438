#include "host/sitting/session_tally.h"

#include "host/ui/headless.h"

namespace tenon::sitting {

std::int64_t sent_tokens(const agent::Usage& usage) {
    agent::Usage sum{usage.input_tokens};  // a server may state any number
    sum += {usage.cache_read_input_tokens};
    sum += {usage.cache_creation_input_tokens};
    return sum.input_tokens;
}

std::int64_t percent(std::int64_t part, std::int64_t whole) {
    if (part <= 0 || whole <= 0) return 0;
    return static_cast<std::int64_t>(100.0 * static_cast<double>(part) /
                                     static_cast<double>(whole));
}

void SessionTally::add(const agent::AgentEvent& event) {
    if (const auto* answered = std::get_if<agent::Answered>(&event)) {
        goes_on_after(ui::usage_of(answered->message));
        present_turn_ += last_answer_;
        place_ = answered->place;
    } else if (const auto* compacted = std::get_if<agent::Compacted>(&event)) {
        context_tokens_ = compacted->tokens_after;
    } else if (const auto* finished = std::get_if<agent::ToolFinished>(&event)) {
        const bool is_list = finished->facts.result == agent::ResultView::kChecklist;
        if (is_list && !finished->denied && !finished->result.is_error)
            checklist_ = member(finished->call.input, finished->facts.items);
    } else if (const auto* subagent = std::get_if<agent::SubagentEvent>(&event)) {
        if (const auto* answer = std::get_if<agent::Answered>(&subagent->event))
            present_turn_ += ui::usage_of(answer->message);
    }
}

void SessionTally::goes_on_after(const agent::Usage& usage) {
    last_answer_ = usage;
    agent::Usage context{sent_tokens(usage)};
    context += {usage.output_tokens};
    context_tokens_ = context.input_tokens;
}

/// An empty list, so that the journal is not asked for the one before.
void SessionTally::forget_conversation() {
    context_tokens_ = 0;
    last_answer_ = {};
    checklist_ = Json::array();
}

void SessionTally::add(const agent::RunResult& result) {
    ended_turns_ += result.usage;
    present_turn_ = {};
}

agent::Usage SessionTally::usage() const {
    agent::Usage sum = ended_turns_;
    sum += present_turn_;
    return sum;
}

}  // namespace tenon::sitting
