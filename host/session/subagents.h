#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/agent/loop.h"
#include "host/agent/session.h"
#include "host/base/mutex.h"
#include "host/base/secrets.h"
#include "host/permission/gate.h"
#include "host/plugins/registry.h"
#include "host/plugins/services.h"
#include "host/session/provider.h"
#include "host/session/subagent_task.h"

namespace tenon::session {

/// The service agent.run/1 (sdk/README.md): runs the subagents of one session. Each is a loop with
/// its own conversation, journal and provider, on the thread of the call. Thread-safe: several can
/// run at the same time. Plugins decide what a subagent is used for.
class Subagents {
public:
    /// What subagents use; the references outlive the object. The head of `parent` does not change
    /// while a subagent runs.
    struct Resources {
        const agent::Session& parent;
        plugins::Registry& registry;
        permission::RuleGate& gate;
        agent::EventSink& sink;
        const Secrets& secrets;
        ProviderSource providers;                ///< null: subagents cannot be run
        std::filesystem::path folder;            ///< of their journals; need not exist yet
        agent::LoopOptions limits;               ///< max_turns is the most a subagent may have
        std::vector<plugins::HookText> prompts;  ///< what plugins add to a system prompt
        std::string model_lock = {};             ///< where model.name is locked; empty: it is not
        agent::Spending* spending = nullptr;     ///< see agent::Loop::Ports
    };
    explicit Subagents(Resources resources) : resources_(std::move(resources)) {}

    /// `request` belongs to a call. Blocks until the subagent has ended, which is soon after a stop
    /// of the call.
    plugins::ServiceReply run(const plugins::ServiceRequest& request);

    /// The usage and the denied calls of subagents that have ended since the last call.
    struct Totals {
        agent::Usage usage;
        std::vector<agent::ToolCall> denied;
    };
    [[nodiscard]] Totals take_totals();

private:
    Result<agent::Session> open_session(const SubagentTask& task, const SubagentTools& tools,
                                        const std::string& tool_use_id) const;
    Result<void> add_environment(agent::Session& session) const;
    [[nodiscard]] std::string model_of(const SubagentTask& task) const;
    [[nodiscard]] std::string prompt_of(const SubagentTask& task, const SubagentTools& tools) const;
    agent::RunResult converse(const SubagentTask& task, SubagentTools& tools,
                              agent::Session& session, const agent::CallContext& call,
                              agent::Provider& provider);
    [[nodiscard]] plugins::ServiceReply reply(const agent::RunResult& result,
                                              const std::filesystem::path& journal) const;

    const Resources resources_;
    Mutex mutex_;
    Totals totals_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::session
