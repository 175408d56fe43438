#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "host/agent/ports.h"
#include "host/plugin/instance.h"
#include "host/plugin/refusal.h"
#include "host/plugins/plugin_ports.h"
#include "host/plugins/schema.h"

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
class PluginTool final : public agent::Tool {
public:
    /// Checks what the plugin states about the tool. `instance` and `host` outlive it.
    static Result<std::unique_ptr<PluginTool>, plugin::Refusal> make(
        const plugin::ToolStatement& statement, const std::string& plugin_id, bool first_party,
        plugin::Instance& instance, const PluginHostPort& host);

    [[nodiscard]] const agent::ToolSpec& spec() const override { return spec_; }
    [[nodiscard]] std::optional<std::string> check(const agent::ToolCall& call) const override;
    agent::ToolResult call(const agent::ToolCall& call, agent::CallContext& context) override;

private:
    PluginTool(agent::ToolSpec spec, Schema schema, plugin::Instance& instance,
               const PluginHostPort& host)
        : spec_(std::move(spec)), schema_(std::move(schema)), instance_(instance), host_(host) {}

    agent::ToolResult invoke(const agent::ToolCall& call, agent::CallContext& context);
    [[nodiscard]] agent::ToolResult worded(tenon_rc rc, PluginCallPort& port,
                                           agent::CallContext& context) const;
    [[nodiscard]] std::string disabled_text() const;

    agent::ToolSpec spec_;
    Schema schema_;
    plugin::Instance& instance_;
    const PluginHostPort& host_;
    Turnstile turnstile_;
};

}  // namespace tenon::plugins
