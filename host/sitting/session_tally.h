#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/agent/event.h"
#include "host/agent/loop.h"

namespace tenon::sitting {

/// What one session adds up to since it was opened. Used by one thread.
class SessionTally {
public:
    void add(const agent::AgentEvent& event);
    /// A turn has ended. Its result counts more than the events have shown: summaries too.
    void add(const agent::RunResult& result);
    /// The conversation goes on after an answer, perhaps one of an earlier host, that counted this.
    void goes_on_after(const agent::Usage& usage);
    void turn_began() { ++turns_; }
    /// The next answer is another model's.
    void model_changed() { place_ = 0; }
    /// The prompt of the turn that has just ended will be sent again.
    void turn_was_not_recorded() { --turns_; }
    /// The conversation is empty.
    void forget_conversation();

    /// Exchanges, with the present one.
    [[nodiscard]] std::int64_t turns() const { return turns_; }
    /// Of the conversation, as the last answer counted them, or estimated after a summary; 0: there
    /// was no answer.
    [[nodiscard]] std::int64_t context_tokens() const { return context_tokens_; }
    /// Of the last answer of the conversation itself.
    [[nodiscard]] const agent::Usage& last_answer() const { return last_answer_; }
    /// The place of the model that gave that answer: see agent::Provider::place_of_asked.
    [[nodiscard]] std::size_t place() const { return place_; }
    /// The items of the last list that a tool of the conversation has shown; none: no call of this
    /// host has shown one.
    [[nodiscard]] const std::optional<Json>& checklist() const { return checklist_; }
    /// Of all requests, those of subagents and the present turn included.
    [[nodiscard]] agent::Usage usage() const;

private:
    std::int64_t turns_ = 0;
    std::int64_t context_tokens_ = 0;
    agent::Usage last_answer_;
    std::size_t place_ = 0;
    agent::Usage ended_turns_;
    agent::Usage present_turn_;
    std::optional<Json> checklist_;
};

/// 87 of 100, rounded down; 0 of nothing.
std::int64_t percent(std::int64_t part, std::int64_t whole);
/// The tokens that an answer's request had: those of the caches too.
std::int64_t sent_tokens(const agent::Usage& usage);

}  // namespace tenon::sitting
