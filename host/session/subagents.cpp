#include "host/session/subagents.h"

#include <cerrno>
#include <sys/stat.h>
#include <utility>
#include <variant>

#include "host/base/clock.h"
#include "host/base/ids.h"
#include "host/base/untrusted.h"
#include "host/session/instructions.h"
#include "host/session/subagent_journal.h"
#include "host/session/system_prompt.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReachedLimit = "(subagent reached iteration limit)";

using plugins::ServiceReply;
using plugins::ServiceRequest;

// The ports of a subagent's loop, in place of the session's own ports.

/// Adds the id of the subagent's call to its requests.
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
    [[nodiscard]] std::size_t place_of_asked() const override { return inner_->place_of_asked(); }

private:
    std::unique_ptr<agent::Provider> inner_;
    std::string tool_use_id_;
};

/// The session's gate. Questions and refusals name the subagent.
class SubagentGate final : public agent::Gate {
public:
    SubagentGate(permission::RuleGate& gate, const std::string& title)
        : gate_(gate), on_behalf_of_("the subagent '" + title + "'") {}
    Verdict judge(const agent::ToolSpec& tool, const agent::ToolCall& call, std::stop_token stop,
                  const agent::Turn& turn) override {
        return gate_.judge(tool, call, std::move(stop), on_behalf_of_, turn);
    }

private:
    permission::RuleGate& gate_;
    std::string on_behalf_of_;
};

/// Passes the events of a subagent on to the session's sink, except for pieces of answers.
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

/// A subagent has no background jobs and gets no ends of the session's jobs.
class EmptyInbox final : public agent::Inbox {
public:
    std::vector<agent::JobEnded> undelivered() override { return {}; }
    bool wait(std::stop_token) override { return false; }
    std::optional<agent::RecoveredCall> recover(const agent::ToolCall&,
                                                const agent::ToolFacts&) override {
        return {};
    }
};

/// A subagent gets no reminders.
class EmptyContext final : public agent::Context {
public:
    std::string reminders() override { return {}; }
    std::string carried_on() override { return {}; }
};

std::optional<ServiceReply> reason_against_subagents(const ServiceRequest& request,
                                                     bool has_providers) {
    if (!request.call->subagent().empty())
        return ServiceReply::failed("a subagent cannot run subagents", TENON_UNSUPPORTED);
    if (!has_providers)
        return ServiceReply::failed("this host cannot run subagents", TENON_UNSUPPORTED);
    return std::nullopt;
}

}  // namespace

ServiceReply Subagents::run(const ServiceRequest& request) {
    if (auto refusal = reason_against_subagents(request, resources_.providers != nullptr))
        return std::move(*refusal);
    const auto task = read_subagent_task(request.params);
    if (!task) return ServiceReply::failed(task.error().message, TENON_BAD_ARGS);
    const agent::Tool* const caller = resources_.registry.find(request.call->tool());
    const bool alone = caller == nullptr || !caller->spec().concurrent;
    auto tools =
        SubagentTools::select(resources_.registry, *task, [&](const agent::ToolSpec& tool) {
            // The plugin is in a call now, beside which these must not run.
            const bool taken = tool.plugin == request.plugin && (alone || !tool.concurrent);
            return taken || resources_.gate.removes(tool);
        });
    if (!tools) return ServiceReply::failed(tools.error().message, TENON_BAD_ARGS);

    const agent::CallContext& call = *request.call;
    auto provider = resources_.providers();
    if (!provider) return ServiceReply::failed(provider.error().message);
    SubagentProvider tagged(std::move(*provider), call.tool_use_id());
    auto session = open_session(*task, *tools, call.tool_use_id());
    if (!session) return ServiceReply::failed(session.error().message);
    agent::RunResult result =
        call.with_subagent([&] { return converse(*task, *tools, *session, call, tagged); });
    {
        const Lock lock(mutex_);
        totals_.usage += result.usage;
        for (agent::ToolCall& denied : result.denied)
            totals_.denied.push_back(std::move(denied));
    }
    return reply(result, resources_.folder / (session->head().id + ".jsonl"));
}

Subagents::Totals Subagents::take_totals() {
    const Lock lock(mutex_);
    return std::exchange(totals_, {});
}

/// The plugins whose tools the subagent has may add a text to its prompt.
std::string Subagents::prompt_of(const SubagentTask& task, const SubagentTools& tools) const {
    std::string text = task.system.empty() ? subagent_prompt() : task.system;
    const auto specs = tools.specs();
    for (const plugins::HookText& prompt : resources_.prompts) {
        const bool has_tool = std::any_of(
            specs.begin(), specs.end(),
            [&prompt](const agent::ToolSpec* tool) { return tool->plugin == prompt.plugin; });
        if (has_tool) text += "\n\n" + prompt.text;
    }
    return text;
}

/// A locked model is also that of subagents, whatever a call or a definition names.
std::string Subagents::model_of(const SubagentTask& task) const {
    const std::string& own = resources_.parent.head().model;
    if (task.model.empty() || task.model == own) return own;
    if (resources_.model_lock.empty()) return task.model;
    resources_.sink.on_event(agent::Notice{"the subagent uses " + visible(own) + ", not " +
                                           visible(task.model) + ": model.name is locked by " +
                                           visible(resources_.model_lock)});
    return own;
}

Result<agent::Session> Subagents::open_session(const SubagentTask& task, const SubagentTools& tools,
                                               const std::string& tool_use_id) const {
    if (::mkdir(resources_.folder.c_str(), 0700) != 0 && errno != EEXIST)
        return Error::from_errno("make the folder " + resources_.folder.string());
    const agent::SessionHead& parent = resources_.parent.head();
    agent::SessionHead head = parent;
    head.model = model_of(task);
    head.system = resources_.secrets.redact(prompt_of(task, tools));
    head.tools = tool_list(tools.specs());
    head.created_ms = wall_clock_ms();
    head.parent = parent.id;
    head.parent_call = tool_use_id;
    std::error_code ignored;  // a folder that cannot be read fails at open
    do
        head.id = "agent-" + random_hex(8);
    while (fs::exists(resources_.folder / (head.id + ".jsonl"), ignored));
    auto session = agent::Session::open(resources_.folder, std::move(head));
    if (!session) return session;
    session->share_call_ids(resources_.parent);
    if (auto set = add_environment(*session); !set) return set.error();
    return session;
}

Result<void> Subagents::add_environment(agent::Session& session) const {
    const fs::path workspace = session.head().workspace;
    for (const std::string& text :
         {environment_text(workspace), project_instructions(workspace).text}) {
        if (text.empty()) continue;
        if (auto written = session.add_text(resources_.secrets.redact(text), "environment");
            !written)
            return written;
    }
    return {};
}

agent::RunResult Subagents::converse(const SubagentTask& task, SubagentTools& tools,
                                     agent::Session& session, const agent::CallContext& call,
                                     agent::Provider& provider) {
    SubagentGate gate(resources_.gate, task.title);
    SubagentSink sink(resources_.sink, call.tool_use_id(), task.title);
    EmptyInbox inbox;
    EmptyContext context;
    agent::LoopOptions options = resources_.limits;
    options.subagent = session.head().id;
    if (task.max_turns)
        options.max_turns = std::min(*task.max_turns, options.max_turns.value_or(*task.max_turns));
    agent::Loop::Ports ports{session, provider,           tools,  gate, inbox,
                             sink,    resources_.secrets, context};
    ports.spending = resources_.spending;
    agent::Loop loop(ports, options);
    return loop.run(task.prompt, call.stop());
}

ServiceReply Subagents::reply(const agent::RunResult& result, const fs::path& journal) const {
    const bool reached_limit = result.outcome == agent::Outcome::kMaxTurns;
    std::string text = text_or_none(result.text);
    const auto words_so_far = [&] {
        const auto words = read_subagent(journal, resources_.secrets);
        return words ? words->all : std::string();
    };
    switch (result.outcome) {
        case agent::Outcome::kInterrupted:
            return ServiceReply::failed("interrupted", TENON_CANCELLED);
        case agent::Outcome::kFailed:
            return ServiceReply::failed("the subagent failed: " + result.error);
        case agent::Outcome::kMaxBudget: {
            const std::string said = words_so_far();
            return ServiceReply::failed("the subagent was " + result.error +
                                        (said.empty() ? "" : "\nIt had said:\n" + said));
        }
        case agent::Outcome::kMaxTurns:
            text = words_so_far();
            text += (text.empty() ? "" : "\n") + std::string(kReachedLimit);
            break;
        case agent::Outcome::kUnfitAnswer:  // a subagent may answer anything
        case agent::Outcome::kDone:
            break;
    }
    return ServiceReply::ok(
        {{"text", text}, {"turns", result.turns}, {"reached_limit", reached_limit}});
}

}  // namespace tenon::session
