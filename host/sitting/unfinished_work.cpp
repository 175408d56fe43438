#include "host/sitting/unfinished_work.h"

#include <algorithm>
#include <map>

#include "host/agent/wire.h"
#include "host/ui/headless.h"
#include "host/ui/status_line.h"

namespace tenon::sitting {
namespace {

using Todos = std::vector<Unfinished::Todo>;

/// Empty when all items are completed.
Todos open_items(const Json& items) {
    Todos todos;
    if (!items.is_array()) return todos;
    for (const Json& item : items) {
        const std::string status = string_or(item, "status");
        todos.push_back({string_or(item, "text"), status == "in_progress", status == "completed"});
    }
    if (std::all_of(todos.begin(), todos.end(), [](const auto& todo) { return todo.is_done; }))
        todos.clear();
    return todos;
}

bool shows_checklist(const agent::ToolFinished& call) {
    return call.facts.result == agent::ResultView::kChecklist && !call.result.is_error &&
           !call.denied;
}

Todos open_items(const agent::ToolFinished& call) {
    return open_items(member(call.call.input, call.facts.items));
}

/// The items of an answer's calls that show a checklist, by tool_use id. Only these calls are
/// parsed: a conversation may be long, and the arguments of other calls too.
std::map<std::string, Todos> checklist_calls(const agent::Message& answer,
                                             const FactsOf& facts_of) {
    std::map<std::string, Todos> calls;
    for (const std::string_view text : agent::call_blocks(answer)) {
        const Json name = json_or_null(agent::raw_member(text, "name"));
        if (!name.is_string()) continue;
        const agent::ToolFacts facts = facts_of(*string_in(name));
        if (facts.result != agent::ResultView::kChecklist) continue;
        const Json block = json_or_null(text);
        calls[string_or(block, "id")] = open_items(member(member(block, "input"), facts.items));
    }
    return calls;
}

std::int64_t tokens_of(const agent::Usage& usage) {
    return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens +
           usage.output_tokens;
}

}  // namespace

std::vector<Unfinished::Todo> open_checklist(std::span<const agent::Message> messages,
                                             const FactsOf& facts_of) {
    Todos todos;
    std::map<std::string, Todos> called;  // by the last answer; by tool_use id
    for (const agent::Message& message : messages) {
        if (message.role == agent::Role::kAssistant) {
            called = checklist_calls(message, facts_of);
        } else if (!called.empty()) {
            const Json results = json_or_null(message.wire);
            for (const Json& block : member(results, "content")) {
                if (bool_or(block, "is_error", false)) continue;
                const auto call = called.find(string_or(block, "tool_use_id"));
                if (call != called.end()) todos = call->second;
            }
        }
    }
    return todos;
}

bool leaves_open_checklist(const agent::AgentEvent& event) {
    const auto* finished = std::get_if<agent::ToolFinished>(&event);
    return finished != nullptr && shows_checklist(*finished) && !open_items(*finished).empty();
}

void UnfinishedWork::begin(Todos todos, const std::vector<jobs::JobRecord>& jobs) {
    work_ = {};
    work_.todos = std::move(todos);
    for (const jobs::JobRecord& job : jobs) {
        if (job.status != jobs::Status::kRunning) continue;
        work_.jobs.push_back({job.id, job.spec.name.empty() ? job.spec.command : job.spec.name,
                              jobs::start_by_this_clock(job)});
    }
}

void UnfinishedWork::on_event(const agent::AgentEvent& event, std::int64_t now_ms) {
    if (const auto* finished = std::get_if<agent::ToolFinished>(&event)) {
        on_call_end(*finished);
    } else if (const auto* subagent = std::get_if<agent::SubagentEvent>(&event)) {
        on_subagent(*subagent, now_ms);
    } else if (const auto* job = std::get_if<agent::JobChanged>(&event)) {
        on_job(*job, now_ms);
    }
}

void UnfinishedWork::on_call_end(const agent::ToolFinished& finished) {
    std::erase_if(work_.subagents, [&](const Unfinished::Subagent& subagent) {
        return subagent.tool_use_id == finished.call.id;
    });
    if (shows_checklist(finished)) work_.todos = open_items(finished);
}

void UnfinishedWork::on_subagent(const agent::SubagentEvent& event, std::int64_t now_ms) {
    auto subagent = std::find_if(
        work_.subagents.begin(), work_.subagents.end(),
        [&](const Unfinished::Subagent& one) { return one.tool_use_id == event.tool_use_id; });
    if (subagent == work_.subagents.end())
        subagent = work_.subagents.insert(subagent, {event.tool_use_id, event.title, now_ms, 0});
    if (const auto* answered = std::get_if<agent::Answered>(&event.event))
        subagent->tokens = tokens_of(ui::usage_of(answered->message));
}

void UnfinishedWork::on_job(const agent::JobChanged& job, std::int64_t now_ms) {
    const auto is_this = [&](const Unfinished::RunningJob& one) { return one.id == job.id; };
    if (ui::has_ended(job)) {
        std::erase_if(work_.jobs, is_this);
    } else if (job.status == jobs::to_string(jobs::Status::kRunning) &&
               std::none_of(work_.jobs.begin(), work_.jobs.end(), is_this)) {
        const std::int64_t since_ms = job.started_ms > 0 ? job.started_ms : now_ms;
        work_.jobs.push_back({job.id, job.name.empty() ? job.command : job.name, since_ms});
    }
}

}  // namespace tenon::sitting
