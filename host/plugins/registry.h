#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/plugins/plugin.h"

namespace tenon::plugins {

/// What one plugin adds to a system prompt.
struct HookText {
    std::string plugin;
    std::string text;
};

/// All texts, each a paragraph.
std::string joined(const std::vector<HookText>& texts);

/// The plugin that has the tool of a certain name. Without an id it is the host itself.
struct ToolOwner {
    std::string id = {};
    std::filesystem::path file = {};
    bool first_party = false;
};

/// Why the plugin `id` is left out, since `owner` has a tool with the name of its tool.
plugin::Refusal name_is_taken(const std::string& tool, const std::string& id,
                              const ToolOwner& owner);

/// What is known of a tool that no loaded plugin has. Both are empty when nothing is known.
struct MissingTool {
    std::string claim;   ///< "the plugin x (FILE) has this tool, but it is left out"
    std::string reason;  ///< why, and what a person can do; with words of the plugin's author
};

/// The plugins of a session and all its tools: the tools of the plugins in the order of the
/// plugins, then the host's own. Owns plugins and tools; plugins are destroyed in reverse order.
/// `find` and `specs` may be called from any thread while nothing is added or removed. Plugins are
/// added and removed between turns only.
class Registry final : public agent::Toolbox, public agent::Context {
public:
    Registry() = default;
    ~Registry() override;
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    /// Adds a tool of the host itself, before any plugin is added, so that no plugin can take its
    /// name. The name must be new.
    void add(std::unique_ptr<agent::Tool> tool);

    /// Adds a plugin with all its tools. If one of their names is taken, the plugin is rejected and
    /// destroyed.
    Result<void, Problem> add(std::unique_ptr<Plugin> plugin);

    /// Asks a plugin for its tools again; no call of it may be running. If the new list cannot be
    /// used, or one of the names is taken, the plugin keeps the old one.
    Result<void, Problem> refresh_tools(const std::string& id);
    /// Adds a plugin in place of the one with the same id, which is destroyed; at the end when
    /// there is none. If one of its tools has the name of another plugin's, it is rejected and
    /// destroyed, and the old one stays. No call of the old one may be running.
    Result<void, Problem> replace(std::unique_ptr<Plugin> plugin);

    /// Removes and destroys a plugin and its tools. No call of it may be running.
    void remove(const std::string& id);

    [[nodiscard]] agent::Tool* find(std::string_view name) override;
    [[nodiscard]] std::vector<const agent::ToolSpec*> specs() const override;
    /// For the model, so without what only a person may do about it.
    [[nodiscard]] std::string why_missing(const std::string& name) override {
        return missing_tool(name).claim;
    }
    /// The answer of `explain`, which may be called from any thread.
    [[nodiscard]] MissingTool missing_tool(const std::string& name) const {
        return explain_missing_ ? explain_missing_(name) : MissingTool();
    }
    void explain_missing(std::function<MissingTool(const std::string& name)> explain) {
        explain_missing_ = std::move(explain);
    }

    /// Calls the hook `begin` of every plugin; `reason` is new, resumed or cleared. A plugin
    /// that is added later is not called; who adds it gives it the reason resumed, also in a new
    /// session. This and the three functions below run hooks: one thread at a time may call them.
    void begin_session(const std::string& session, const std::string& reason);
    /// One entry for each plugin that adds text to the system prompt; plugins with no text are
    /// omitted.
    [[nodiscard]] std::vector<HookText> system_prompts();
    std::string reminders() override;
    std::string carried_on() override;

    [[nodiscard]] const std::vector<std::unique_ptr<Plugin>>& plugins() const { return plugins_; }

private:
    std::vector<HookText> texts_of(plugin::Hook hook);
    [[nodiscard]] ToolOwner owner_of(const agent::ToolSpec& tool) const;
    [[nodiscard]] std::optional<Problem> clash_of(
        const Plugin& plugin, const std::vector<std::unique_ptr<PluginTool>>& tools) const;

    std::function<MissingTool(const std::string& name)> explain_missing_;
    std::vector<std::unique_ptr<Plugin>> plugins_;
    std::vector<std::unique_ptr<agent::Tool>> host_tools_;
    std::map<std::string, agent::Tool*, std::less<>> by_name_;
};

}  // namespace tenon::plugins
