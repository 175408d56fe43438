#include "host/agent/tool_batch.h"
#include "host/base/ids.h"
#include "host/base/utf8.h"
#include "host/session/open_session.h"
#include "host/session/tagged_text.h"

namespace tenon::session {
namespace {

/// Asks nobody about what the person does himself. Deny rules hold.
class OwnGate final : public agent::Gate {
public:
    explicit OwnGate(const permission::RuleGate& gate) : gate_(gate) {}
    Verdict judge(const agent::ToolSpec& tool, const agent::ToolCall& call,
                  std::stop_token /*stop*/, const agent::Turn& /*turn*/) override {
        std::string reason = gate_.denial_of_own(tool, call);
        const bool is_allowed = reason.empty();
        return {is_allowed, std::move(reason)};
    }

private:
    const permission::RuleGate& gate_;
};

}  // namespace

/// The first-party tool that runs commands in the foreground; null: there is none.
const agent::ToolSpec* OpenSession::foreground_tool() const {
    for (const agent::ToolSpec* tool : registry_->specs())
        if (tool->first_party && !tool->facts.command.empty() &&
            tool->facts.recovered == agent::RecoveredAnswer::kJobEnd)
            return tool;
    return nullptr;
}

agent::RunResult OpenSession::run_own_command(const std::string& command, std::stop_token stop) {
    agent::RunResult result;
    result.prompt_recorded = true;  // there is none
    const auto failed = [&](std::string why) {
        result.outcome = agent::Outcome::kFailed;
        result.error = secrets_.redact(std::move(why));
        return result;
    };
    const agent::ToolSpec* const tool = foreground_tool();
    if (tool == nullptr) return failed("this installation has no tool that runs commands");
    if (auto ready = prepare_conversation(); !ready) return failed(ready.error().message);

    const std::string text = utf8::repair(command);
    const agent::ToolCall call{
        "own_" + random_hex(12), tool->name, {{tool->facts.command, text}}, {}};
    OwnGate gate(*gate_);
    agent::ToolBatch batch(*registry_, gate, sink_, {session_->head().id, {}, {}});
    agent::CallOutcome outcome;
    own_command_runs_ = true;
    batch.run({call}, stop,
              [&](const agent::ToolCall&, agent::CallOutcome done) { outcome = std::move(done); });
    own_command_runs_ = false;
    agent::ToolResult& given = outcome.result;
    given.text = agent::text_without_keys(given, secrets_);
    if (outcome.denied) return failed(given.text);
    sink_.on_event(agent::ToolFinished{call, given, outcome.duration, outcome.denied, tool->facts});
    const auto added = session_->add_text(tagged_text("user-command", secrets_.redact(text)) +
                                              "\n" + tagged_text("user-command-output", given.text),
                                          "command", given.delivered_jobs);
    if (!added) return failed(added.error().message);
    if (stop.stop_requested()) result.outcome = agent::Outcome::kInterrupted;
    return result;
}

}  // namespace tenon::session
