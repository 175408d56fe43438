#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/instance.h"
#include "host/plugin/refusal.h"
#include "host/plugins/isolated_instance.h"
#include "host/plugins/plugin_ports.h"
#include "host/plugins/plugin_tool.h"

namespace tenon::plugins {

/// A plugin file that was rejected, and why.
struct Problem {
    std::filesystem::path file;
    std::string reason;
    std::string remedy;
    bool shortage = false;  ///< the host lacks something; the file may be fine
};

/// Where a plugin comes from, and where it is used.
struct PluginOrigin {
    std::filesystem::path file;  ///< as it was found, not the private copy
    std::string id;
    bool first_party = false;
    std::string workspace;
    std::string state_dir = {};                           ///< a folder of its own, which exists
    bool isolated = false;                                ///< its code runs in a process of its own
    std::map<std::string, std::string> key_origins = {};  ///< where each key of it was written
    std::vector<std::string> warnings = {};               ///< about its grants
};

/// A plugin in use: its instance and its tools. Destroying it destroys the instance; no call is
/// running then.
class Plugin {
public:
    /// Opens `library`, checks `config` against the plugin's schema, creates an instance and checks
    /// its tools. `services` and what `log` uses outlive the plugin. On Refusal the instance has
    /// been destroyed; the library stays mapped.
    static Result<std::unique_ptr<Plugin>, plugin::Refusal> open(
        const std::filesystem::path& library, PluginOrigin origin,
        const std::map<std::string, std::string>& config, const Services& services, LogSink log);

    /// The same in a process of its own, which is started only if nothing is `known`, or not with
    /// this configuration. Fills in `config` and `max_result_bytes` of `options`.
    static Result<std::unique_ptr<Plugin>, ProcessFailure> open_isolated(
        IsolatedOptions options, std::optional<KnownPlugin> known, PluginOrigin origin,
        std::map<std::string, std::string> config, const Services& services, LogSink log);

    [[nodiscard]] const std::string& id() const { return origin_.id; }
    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::filesystem::path& file() const { return origin_.file; }
    [[nodiscard]] bool first_party() const { return origin_.first_party; }
    [[nodiscard]] bool isolated() const { return origin_.isolated; }
    /// What a person should know about its grants and its configuration, although it is usable.
    [[nodiscard]] std::vector<std::string> warnings() const;
    [[nodiscard]] const std::vector<std::unique_ptr<PluginTool>>& tools() const { return tools_; }
    /// What the plugin states: its tools, and the JSON Schema of its configuration.
    [[nodiscard]] const std::vector<plugin::ToolDeclaration>& declarations() const {
        return instance_->tools();
    }
    [[nodiscard]] const std::string& config_schema() const { return config_schema_; }
    /// Asks the plugin for its tools again, and checks them. Until `use_tools` the plugin has those
    /// that it had. No call may be running.
    [[nodiscard]] Result<std::vector<std::unique_ptr<PluginTool>>, plugin::Refusal> fresh_tools();
    void use_tools(std::vector<std::unique_ptr<PluginTool>> tools) { tools_ = std::move(tools); }

    /// Gives the plugin new configuration, which is checked against its schema. False: it has this
    /// configuration already. On Refusal it keeps the old one. No call may be running.
    /// `origins` says where each key was written.
    [[nodiscard]] Result<bool, plugin::Refusal> reconfigure(
        const std::map<std::string, std::string>& config,
        const std::map<std::string, std::string>& origins = {});

    /// Whether it has had too many faults, and is not called any more.
    [[nodiscard]] bool disabled() const { return instance_->disabled(); }

    /// Tells the plugin which session it serves.
    void begin_session(const std::string& session, const std::string& reason);
    /// The text of a hook as valid UTF-8, cut off after 32 KiB.
    [[nodiscard]] std::string text_of(plugin::Hook hook);
    /// The tasks of the workspace as JSON (see tenon_context), whole; empty when the plugin keeps
    /// none.
    [[nodiscard]] std::string tasks() { return instance_->run_hook(plugin::Hook::kTasks, {}); }
    /// What the functions of tenon_prompts put, whole; empty: the plugin has none.
    [[nodiscard]] std::string prompts() { return instance_->run_hook(plugin::Hook::kPrompts, {}); }
    [[nodiscard]] std::string prompt(const std::string& request) {
        return instance_->run_hook(plugin::Hook::kPrompt, request);
    }

private:
    Plugin(PluginOrigin origin, const Services& services, LogSink log)
        : origin_(std::move(origin)),
          host_(origin_.id, origin_.first_party, services, std::move(log)) {}
    [[nodiscard]] Result<std::vector<std::unique_ptr<PluginTool>>, plugin::Refusal> make_tools();

    PluginOrigin origin_;
    std::string version_;
    std::string config_schema_, config_;
    InstanceLock lock_;
    std::vector<std::string> warnings_;
    PluginHostPort host_;
    std::unique_ptr<plugin::Instance> instance_;  // uses host_
    std::vector<std::unique_ptr<PluginTool>> tools_;
};

}  // namespace tenon::plugins
