#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/plugin.h>

#include "host/agent/ports.h"
#include "host/base/result.h"
#include "host/plugin/live_call.h"
#include "host/plugin/note.h"
#include "host/plugin/schema.h"
#include "host/plugins/services.h"

namespace tenon::plugin {

/// Receives what plugins log; `level` is one of TENON_LOG_*. Any thread, several at once.
using LogSink = std::function<void(std::string_view plugin, int level, std::string_view message)>;

/// One function of a plugin, its schema compiled.
struct PluginTool {
    agent::ToolSpec spec;
    Schema schema;
};

/// Where an instance comes from, and what it is told of its surroundings.
struct PluginOrigin {
    std::filesystem::path file;  ///< as it was found, not the private copy
    std::string id;
    bool first_party = false;
    std::string workspace;
};

/// One instance of a plugin and its tools. Destroying it destroys the instance (no call may be
/// under way); the code stays mapped for ever.
class Plugin {
public:
    /// Checks what the library says of itself, and `config` against its schema, then creates the
    /// instance. On Refusal nothing of it is left. `services` and what `log` uses outlive the
    /// plugin.
    static Result<std::unique_ptr<Plugin>, Refusal> create(
        const tenon_plugin* library, PluginOrigin origin,
        const std::map<std::string, std::string>& config, const plugins::Services& services,
        LogSink log);
    ~Plugin();
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    [[nodiscard]] const std::string& id() const { return origin_.id; }
    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::filesystem::path& file() const { return origin_.file; }
    [[nodiscard]] bool first_party() const { return origin_.first_party; }
    [[nodiscard]] const std::vector<PluginTool>& tools() const { return tools_; }

    // The extension tenon.context/1; without it nothing happens, and words are empty. See
    // tenon_context. What a plugin puts is repaired to UTF-8, and cut after 32 KiB.
    void begin_session(const std::string& session, const std::string& reason);
    [[nodiscard]] std::string words(void (*tenon_context::*function)(void*, tenon_sink));

    /// Runs one call on this thread. An exception that crosses the border counts as TENON_FAULT. Of
    /// a tool that is not concurrent one call at a time: the caller's duty.
    tenon_rc invoke(LiveCall& call);

    /// Three faults, and the plugin is not called any more.
    [[nodiscard]] bool disabled() const { return faults_.load() >= kMaxFaults; }
    static constexpr int kMaxFaults = 3;

private:
    struct HostFace;

    Plugin(const tenon_plugin* library, PluginOrigin origin);
    Result<void, Refusal> read_tools();

    const tenon_plugin* library_;
    PluginOrigin origin_;
    std::string version_;
    std::unique_ptr<HostFace> host_;  // the plugin holds a pointer to it until destroy
    void* instance_ = nullptr;
    const tenon_context* context_ = nullptr;  // null: it has none
    bool created_ = false;
    std::vector<PluginTool> tools_;
    std::atomic<int> faults_{0};
};

}  // namespace tenon::plugin
