#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/journal/deliveries.h"

/// Fakes for the ports of the loop. No other class is faked.
namespace tenon::testing {

/// Keeps every event.
class EventLog : public agent::EventSink {
public:
    void on_event(const agent::AgentEvent& event) override {
        const Lock lock(mutex_);
        events_.push_back(event);
    }
    template <class Event>
    std::vector<Event> all() {
        const Lock lock(mutex_);
        std::vector<Event> found;
        for (const auto& event : events_) {
            if (const auto* wanted = std::get_if<Event>(&event)) found.push_back(*wanted);
        }
        return found;
    }

private:
    Mutex mutex_;
    std::vector<agent::AgentEvent> events_ TENON_GUARDED_BY(mutex_);
};

/// Answers from a list, and keeps the messages of every request.
class ScriptedProvider : public agent::Provider {
public:
    using Step = std::function<Result<agent::Answer, agent::ModelFailure>(const agent::Request&,
                                                                          std::stop_token)>;

    void then(Step step) { steps_.push_back(std::move(step)); }
    void then_say(const std::string& text, const std::string& stop_reason = "end_turn",
                  const agent::Usage& usage = {1, 2, 3, 4}) {
        const Json content =
            text.empty() ? Json::array() : Json::array({{{"type", "text"}, {"text", text}}});
        then([=](const agent::Request&, const std::stop_token&) {
            return agent::Answer{"m", "model", stop_reason, content.dump(), text, {}, usage};
        });
    }
    void then_call(std::vector<agent::ToolCall> calls, const agent::Usage& usage = {1, 2, 3, 4}) {
        Json content = Json::array();
        for (const auto& call : calls) {
            content.push_back({{"type", "tool_use"},
                               {"id", call.id},
                               {"name", call.name},
                               {"input", call.input}});
        }
        then([=](const agent::Request&, const std::stop_token&) {
            return agent::Answer{"m", "model", "tool_use", content.dump(), "", calls, usage};
        });
    }
    void then_fail(const std::string& message, int http_status) {
        then([=](const agent::Request&, const std::stop_token&) {
            agent::ModelFailure failure{message, http_status, "", "", false, false, {}};
            // As in model/overflow.cpp.
            if (message.find("too long") != message.npos) failure.length = agent::Length::kTooLong;
            return failure;
        });
    }
    /// The endpoint refuses the request because it is, or may be, too long, and perhaps states the
    /// model's window.
    void then_refuse(agent::Length length, std::optional<std::int64_t> window = {},
                     const std::string& message = "POST x: HTTP 400: no, thank you") {
        then([=](const agent::Request&, const std::stop_token&) {
            return agent::ModelFailure{message, 400, "",     "", false, false,
                                       {},      {},  length, {}, window};
        });
    }
    Result<agent::Answer, agent::ModelFailure> ask(const agent::Request& request, agent::EventSink&,
                                                   std::stop_token stop) override {
        Json messages = Json::array();
        for (const auto& message : request.messages)
            messages.push_back(Json::parse(message.wire));
        requests.push_back(std::move(messages));
        if (steps_.empty())
            return agent::ModelFailure{
                "the script has no more answers", 0, "", "", false, false, {}};
        Step step = std::move(steps_.front());
        steps_.pop_front();
        return step(request, std::move(stop));
    }

    std::vector<Json> requests;

private:
    std::deque<Step> steps_;
};

class FunctionTool : public agent::Tool {
public:
    using Function = std::function<agent::ToolResult(const agent::ToolCall&, agent::CallContext&)>;
    FunctionTool(agent::ToolSpec spec, Function function)
        : spec_(std::move(spec)), function_(std::move(function)) {}

    [[nodiscard]] const agent::ToolSpec& spec() const override { return spec_; }
    [[nodiscard]] std::optional<std::string> check(const agent::ToolCall& call) const override {
        if (call.input.contains("wrong")) return "argument 'wrong' is not allowed";
        return std::nullopt;
    }
    agent::ToolResult call(const agent::ToolCall& call, agent::CallContext& context) override {
        return function_(call, context);
    }

private:
    agent::ToolSpec spec_;
    Function function_;
};

class FakeToolbox : public agent::Toolbox {
public:
    void add(const std::string& name, bool concurrent, FunctionTool::Function function,
             bool own_thread = false, agent::ToolFacts facts = {}) {
        agent::ToolSpec spec;
        spec.name = name;
        spec.concurrent = concurrent;
        spec.own_thread = own_thread;
        spec.facts = std::move(facts);
        tools_[name] = std::make_unique<FunctionTool>(spec, std::move(function));
    }
    void add_tool(std::unique_ptr<agent::Tool> tool) {
        const std::string name = tool->spec().name;
        tools_[name] = std::move(tool);
    }
    agent::Tool* find(std::string_view name) override {
        const auto it = tools_.find(name);
        return it == tools_.end() ? nullptr : it->second.get();
    }
    [[nodiscard]] std::vector<const agent::ToolSpec*> specs() const override {
        std::vector<const agent::ToolSpec*> out;
        for (const auto& [name, tool] : tools_)
            out.push_back(&tool->spec());
        return out;
    }
    [[nodiscard]] std::string why_missing(const std::string& name) override {
        return name == missing ? "the plugin of " + name + " is switched off" : "";
    }

    std::string missing;  ///< a tool of which it is known why it is not there

private:
    std::map<std::string, std::unique_ptr<agent::Tool>, std::less<>> tools_;
};

/// Allows every call, except those of the tool `refused`.
class FakeGate : public agent::Gate {
public:
    std::string refused;
    Verdict judge(const agent::ToolSpec& tool, const agent::ToolCall&, std::stop_token,
                  const agent::Turn&) override {
        if (tool.name == refused) return {false, "not allowed: add a rule"};
        return {true, ""};
    }
};

class FakeContext : public agent::Context {
public:
    std::deque<std::string> reminders_to_come;
    std::string carried;
    std::string reminders() override {
        if (reminders_to_come.empty()) return {};
        const std::string first = std::move(reminders_to_come.front());
        reminders_to_come.pop_front();
        return first;
    }
    std::string carried_on() override { return carried; }
};

/// For one thread.
class FakePrompts : public agent::WaitingPrompts {
public:
    std::vector<std::string> waiting;

    std::vector<agent::Prompt> take() override {
        std::vector<agent::Prompt> prompts;
        for (const std::string& text : std::exchange(waiting, {}))
            prompts.push_back(agent::Prompt{text});
        return prompts;
    }
    void put_back(const std::vector<agent::Prompt>& prompts) override {
        for (auto prompt = prompts.rbegin(); prompt != prompts.rend(); ++prompt)
            waiting.insert(waiting.begin(), prompt->text);
    }
};

class FakeInbox : public agent::Inbox {
public:
    std::deque<std::vector<agent::JobEnded>>
        drains;              ///< jobs that end before each call of undelivered()
    std::deque<bool> waits;  ///< results of wait(); false after them
    std::map<std::string, agent::RecoveredCall> recovered;
    std::function<void()> on_wait;
    const journal::Deliveries* deliveries = nullptr;  ///< of the session; null: no end is delivered

    std::vector<agent::JobEnded> undelivered() override {
        if (!drains.empty()) {
            for (agent::JobEnded& job : drains.front())
                ended_.push_back(std::move(job));
            drains.pop_front();
        }
        std::vector<agent::JobEnded> left;
        for (const agent::JobEnded& job : ended_) {
            if (deliveries == nullptr || !deliveries->is_delivered(job.id)) left.push_back(job);
        }
        return left;
    }
    bool wait(std::stop_token) override {
        if (on_wait) on_wait();
        if (waits.empty()) return false;
        const bool first = waits.front();
        waits.pop_front();
        return first;
    }
    std::string jobs_table;
    std::string table() override { return jobs_table; }
    std::optional<agent::RecoveredCall> recover(const agent::ToolCall& call,
                                                const agent::ToolFacts&) override {
        const auto it = recovered.find(call.id);
        if (it == recovered.end()) return std::nullopt;
        return it->second;
    }

private:
    std::vector<agent::JobEnded> ended_;
};

}  // namespace tenon::testing
