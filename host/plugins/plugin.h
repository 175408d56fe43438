#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/instance.h"
#include "host/plugin/refusal.h"
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
    std::map<std::string, std::string> key_origins;  ///< where each key of it was written
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

    [[nodiscard]] const std::string& id() const { return origin_.id; }
    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::filesystem::path& file() const { return origin_.file; }
    [[nodiscard]] bool first_party() const { return origin_.first_party; }
    /// What a person should know about its configuration, although it is usable.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
    [[nodiscard]] const std::vector<std::unique_ptr<PluginTool>>& tools() const { return tools_; }
    /// Whether too many of its calls have ended in faults.
    [[nodiscard]] bool disabled() const { return instance_->disabled(); }

    /// Tells the plugin which session it serves.
    void begin_session(const std::string& session, const std::string& reason);
    /// The text of a hook as valid UTF-8, cut off after 32 KiB.
    [[nodiscard]] std::string text_of(plugin::Hook hook);
    /// The tasks of the workspace as JSON (see tenon_context), whole; empty when the plugin keeps
    /// none.
    [[nodiscard]] std::string tasks() { return instance_->run_hook(plugin::Hook::kTasks, {}); }

private:
    Plugin(PluginOrigin origin, const Services& services, LogSink log)
        : origin_(std::move(origin)),
          host_(origin_.id, origin_.first_party, services, std::move(log)) {}
    Result<void, plugin::Refusal> make_tools();

    PluginOrigin origin_;
    std::string version_;
    std::vector<std::string> warnings_;
    PluginHostPort host_;
    std::unique_ptr<plugin::Instance> instance_;  // uses host_
    std::vector<std::unique_ptr<PluginTool>> tools_;
};

}  // namespace tenon::plugins
