#pragma once

#include <optional>
#include <string>

#include "host/agent/ports.h"
#include "host/plugin/instance.h"
#include "host/plugin/refusal.h"
#include "host/plugins/instance_lock.h"
#include "host/plugins/plugin_ports.h"
#include "host/plugins/schema.h"

namespace tenon::plugins {

/// What a plugin states about a tool, checked.
struct CheckedTool {
    agent::ToolSpec spec;
    Schema schema;  ///< of its arguments
};

/// Checks name, description, schema and facts of a tool, as every host does before it uses one.
Result<CheckedTool, plugin::Refusal> check_tool(const plugin::ToolDeclaration& declaration,
                                                const std::string& plugin_id, bool first_party);

/// One tool of a plugin for the loop: checks arguments, keeps the calls of the instance apart, and
/// turns what the plugin returns into a result. Thread-safe.
class PluginTool final : public agent::Tool {
public:
    /// Checks what the plugin states about the tool. `instance`, `lock` (that of the instance) and
    /// `host` outlive the result.
    static Result<std::unique_ptr<PluginTool>, plugin::Refusal> make(
        const plugin::ToolDeclaration& declaration, const std::string& plugin_id, bool first_party,
        plugin::Instance& instance, InstanceLock& lock, const PluginHostPort& host);

    [[nodiscard]] const agent::ToolSpec& spec() const override { return spec_; }
    [[nodiscard]] std::optional<std::string> check(const agent::ToolCall& call) const override;
    agent::ToolResult call(const agent::ToolCall& call, agent::CallContext& context) override;

private:
    PluginTool(agent::ToolSpec spec, Schema schema, plugin::Instance& instance, InstanceLock& lock,
               const PluginHostPort& host)
        : spec_(std::move(spec)),
          schema_(std::move(schema)),
          instance_(instance),
          lock_(lock),
          host_(host) {}

    agent::ToolResult invoke(const agent::ToolCall& call, agent::CallContext& context);
    [[nodiscard]] agent::ToolResult result_of(tenon_rc rc, PluginCallPort& port,
                                              agent::CallContext& context) const;
    [[nodiscard]] std::string hint_for(tenon_rc rc, const std::string& written,
                                       PluginCallPort& port) const;
    [[nodiscard]] std::string disabled_text() const;

    agent::ToolSpec spec_;
    Schema schema_;
    plugin::Instance& instance_;
    InstanceLock& lock_;
    const PluginHostPort& host_;
};

}  // namespace tenon::plugins
