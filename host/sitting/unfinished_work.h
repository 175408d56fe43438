#pragma once

#include <span>

#include "host/agent/event.h"
#include "host/agent/message.h"
#include "host/jobs/job.h"
#include "host/sitting/waiting_area.h"

namespace tenon::sitting {

/// Finds the facts of a tool by its name; the defaults when there is no such tool.
using FactsOf = std::function<agent::ToolFacts(const std::string& tool)>;

/// The checklist of the last call that shows one, when it has open items; else empty. For the
/// messages of a conversation that was recorded.
std::vector<Unfinished::Todo> open_checklist(std::span<const agent::Message> messages,
                                             const FactsOf& facts_of);

/// Knows from the events of a session what is not finished: the open checklist, running subagents
/// and running jobs. Not responsible for prompts and queued jobs, nor for the rows (waiting_area).
/// Not thread-safe.
class UnfinishedWork {
public:
    /// What has come from an earlier host. Replaces everything.
    void begin(std::vector<Unfinished::Todo> todos, const std::vector<jobs::JobRecord>& jobs);
    void on_event(const agent::AgentEvent& event, std::int64_t now_ms);
    /// The turn has ended, and with it every subagent.
    void turn_ended() { work_.subagents.clear(); }
    /// The conversation begins anew; jobs run on.
    void conversation_cleared() { work_.todos.clear(); }
    [[nodiscard]] const Unfinished& work() const { return work_; }

private:
    void on_call_end(const agent::ToolFinished& finished);
    void on_subagent(const agent::SubagentEvent& event, std::int64_t now_ms);
    void on_job(const agent::JobChanged& job, std::int64_t now_ms);

    Unfinished work_;
};

/// Whether the call that has ended leaves a checklist with open items, which the waiting area shows
/// until all of them are completed.
bool leaves_open_checklist(const agent::AgentEvent& event);

}  // namespace tenon::sitting
