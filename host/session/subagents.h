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
#include "host/session/subagent_tools.h"

namespace tenon::session {

/// The method agent.run/1: runs subagents of one session, each a loop with a conversation, a
/// journal and a provider of its own, on the thread of the call that asks. Thread-safe: several run
/// side by side. What a subagent is good for is the business of plugins.
class Subagents {
public:
    /// All of it outlives the object. While a subagent runs, the head of `parent` does not change.
    struct Parts {
        const agent::Session& parent;
        plugins::Registry& registry;
        permission::Gate& gate;
        agent::EventSink& sink;
        const Secrets& secrets;
        ProviderSource providers;                ///< null: subagents cannot be run
        std::filesystem::path folder;            ///< of their journals; need not be there yet
        agent::LoopOptions limits;               ///< max_turns is the most a subagent may have
        std::vector<plugins::HookText> prompts;  ///< what plugins add to a system prompt
    };
    explicit Subagents(Parts parts) : parts_(std::move(parts)) {}

    /// Blocks until the subagent has ended, or soon after the stop of the call.
    plugins::ServiceReply run(const plugins::ServiceRequest& request);

    /// What the subagents that have ended since the last call used, and what was not allowed them.
    struct Totals {
        agent::Usage usage;
        std::vector<agent::ToolCall> denied;
    };
    [[nodiscard]] Totals take_totals();

private:
    Result<agent::Session> open_session(const SubagentTask& task, const SubagentTools& tools,
                                        const std::string& tool_use_id) const;
    Result<void> add_environment(agent::Session& session) const;
    [[nodiscard]] std::string prompt_of(const SubagentTask& task, const SubagentTools& tools) const;
    agent::RunResult converse(const SubagentTask& task, SubagentTools& tools,
                              agent::Session& session, const agent::CallContext& call,
                              agent::Provider& provider);
    [[nodiscard]] plugins::ServiceReply reply(const agent::RunResult& result,
                                              const std::filesystem::path& journal) const;

    const Parts parts_;
    Mutex mutex_;
    Totals totals_ TENON_GUARDED_BY(mutex_);
};

}  // namespace tenon::session
