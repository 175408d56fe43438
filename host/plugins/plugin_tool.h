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

/// A mutex whose wait can be stopped.
class StoppableMutex {
public:
    /// False when `stop` was requested before the mutex was free; then it is not locked.
    bool lock(const std::stop_token& stop);
    void unlock();

private:
    std::mutex mutex_;  // Condition cannot wait with a stop token
    std::condition_variable_any free_;
    bool locked_ = false;
};

/// What a plugin states about a tool, checked.
struct CheckedTool {
    agent::ToolSpec spec;
    Schema schema;  ///< of its arguments
};

/// Checks name, description, schema and facts of a tool, as every host does before it uses one.
Result<CheckedTool, plugin::Refusal> check_tool(const plugin::ToolDeclaration& declaration,
                                                const std::string& plugin_id, bool first_party);

/// One tool of a plugin for the loop: checks arguments, runs the calls of a tool that is not
/// concurrent one after the other, and turns what the plugin returns into a result. Thread-safe.
class PluginTool final : public agent::Tool {
public:
    /// Checks what the plugin states about the tool. `instance` and `host` outlive the result.
    static Result<std::unique_ptr<PluginTool>, plugin::Refusal> make(
        const plugin::ToolDeclaration& declaration, const std::string& plugin_id, bool first_party,
        plugin::Instance& instance, const PluginHostPort& host);

    [[nodiscard]] const agent::ToolSpec& spec() const override { return spec_; }
    [[nodiscard]] std::optional<std::string> check(const agent::ToolCall& call) const override;
    agent::ToolResult call(const agent::ToolCall& call, agent::CallContext& context) override;

private:
    PluginTool(agent::ToolSpec spec, Schema schema, plugin::Instance& instance,
               const PluginHostPort& host)
        : spec_(std::move(spec)), schema_(std::move(schema)), instance_(instance), host_(host) {}

    agent::ToolResult invoke(const agent::ToolCall& call, agent::CallContext& context);
    [[nodiscard]] agent::ToolResult result_of(tenon_rc rc, PluginCallPort& port,
                                              agent::CallContext& context) const;
    [[nodiscard]] std::string disabled_text() const;

    agent::ToolSpec spec_;
    Schema schema_;
    plugin::Instance& instance_;
    const PluginHostPort& host_;
    StoppableMutex one_call_;
};

}  // namespace tenon::plugins
