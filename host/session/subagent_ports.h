#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "host/agent/ports.h"
#include "host/permission/gate.h"

/// What the loop of a subagent sees in place of the session's own ports. Whatever they are made of
/// outlives them.
namespace tenon::session {

/// Its requests bear the call it works for.
class SubagentProvider final : public agent::Provider {
public:
    SubagentProvider(std::unique_ptr<agent::Provider> inner, std::string tool_use_id)
        : inner_(std::move(inner)), tool_use_id_(std::move(tool_use_id)) {}
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request,
                                                   agent::EventSink& sink,
                                                   std::stop_token stop) override {
        agent::Request tagged = request;
        tagged.agent = tool_use_id_;
        return inner_->ask(tagged, sink, std::move(stop));
    }

private:
    std::unique_ptr<agent::Provider> inner_;
    std::string tool_use_id_;
};

/// The session's gate, where questions and refusals say which subagent it is.
class SubagentGate final : public agent::Gate {
public:
    SubagentGate(permission::RuleGate& gate, const std::string& title)
        : gate_(gate), on_behalf_of_("the subagent '" + title + "'") {}
    Verdict judge(const agent::ToolSpec& tool, const agent::ToolCall& call,
                  std::stop_token stop) override {
        return gate_.judge(tool, call, std::move(stop), on_behalf_of_);
    }

private:
    permission::RuleGate& gate_;
    std::string on_behalf_of_;
};

/// Passes the events of a subagent on to those who watch the session, but for pieces of answers.
class SubagentSink final : public agent::EventSink {
public:
    SubagentSink(agent::EventSink& sink, std::string tool_use_id, std::string title)
        : sink_(sink), tool_use_id_(std::move(tool_use_id)), title_(std::move(title)) {}
    void on_event(const agent::AgentEvent& event) override {
        std::visit([this](const auto& e) { pass_on(e); }, event);
    }

private:
    void pass_on(const agent::SubagentEvent& event) { sink_.on_event(event); }
    void pass_on(const agent::TextDelta&) {}
    void pass_on(const agent::ThinkingDelta&) {}
    template <class Event>
    void pass_on(const Event& event) {
        sink_.on_event(agent::SubagentEvent{tool_use_id_, title_, event});
    }

    agent::EventSink& sink_;
    std::string tool_use_id_;
    std::string title_;
};

/// A subagent has no background jobs, and the session's are none of its business.
class NoJobs final : public agent::Inbox {
public:
    std::vector<agent::JobEnded> undelivered() override { return {}; }
    bool wait(std::stop_token) override { return false; }
    std::optional<agent::RecoveredCall> recover(const agent::ToolCall&,
                                                const agent::ToolFacts&) override {
        return {};
    }
};

/// Reminders are for the session's own conversation.
class NoContext final : public agent::Context {
public:
    std::string reminders() override { return {}; }
    std::string carried_on() override { return {}; }
};

}  // namespace tenon::session
