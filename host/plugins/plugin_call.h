#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "host/agent/ports.h"
#include "host/plugin/plugin.h"

namespace tenon::plugins {

/// Lets one through at a time.
class Turnstile {
public:
    /// False when `stop` was requested before it was this caller's turn.
    bool enter(const std::stop_token& stop);
    void leave();

private:
    std::mutex mutex_;  // waits with a stop token, which Condition does not know
    std::condition_variable_any free_;
    bool taken_ = false;
};

/// A plugin's tool as the loop calls it: checks the arguments, waits for its turn where the tool is
/// not concurrent, invokes, and words what came back. Any thread.
class PluginCall final : public agent::Tool {
public:
    /// Both outlive it.
    PluginCall(plugin::Plugin& plugin, const plugin::PluginTool& tool)
        : plugin_(plugin), tool_(tool) {}

    [[nodiscard]] const agent::ToolSpec& spec() const override { return tool_.spec; }
    [[nodiscard]] std::optional<std::string> check(const agent::ToolCall& call) const override;
    agent::ToolResult call(const agent::ToolCall& call, agent::CallContext& context) override;

private:
    agent::ToolResult invoke(const agent::ToolCall& call, agent::CallContext& context);
    [[nodiscard]] agent::ToolResult worded(tenon_rc rc, plugin::LiveCall& live,
                                           agent::CallContext& context) const;
    [[nodiscard]] std::string disabled_text() const;

    plugin::Plugin& plugin_;
    const plugin::PluginTool& tool_;
    Turnstile turnstile_;
};

}  // namespace tenon::plugins
