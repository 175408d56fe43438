#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/agent/ports.h"
#include "host/plugins/plugin.h"
#include "host/plugins/problem.h"

namespace tenon::plugins {

/// What one plugin adds to a system prompt.
struct Words {
    std::string plugin;
    std::string text;
};

/// A paragraph each.
std::string joined(const std::vector<Words>& words);

/// The tools of this host by name: those of plugins in the order of the plugins and as each lists
/// them, then the host's own. Owns them all; plugins are destroyed in reverse order. `find` and
/// `specs` may be called from any thread, as long as nothing is added or removed: between turns.
class Registry final : public agent::Toolbox, public agent::Context {
public:
    Registry() = default;
    ~Registry() override;
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    /// A tool of the host itself. Its name must be new: a bug otherwise. Added before the plugins
    /// whose tools may not take that name.
    void add(std::unique_ptr<agent::Tool> tool);

    /// All tools of a plugin, or none: a name that is taken refuses the whole plugin, which is
    /// destroyed.
    Result<void, Problem> add(std::unique_ptr<Plugin> plugin);

    /// Takes a plugin and its tools out and destroys it. No call of it is under way.
    void remove(const std::string& id);

    [[nodiscard]] agent::Tool* find(std::string_view name) override;
    [[nodiscard]] std::vector<const agent::ToolSpec*> specs() const override;

    /// Tells every plugin whose session it serves; `reason` is new, resumed or cleared.
    void begin_session(const std::string& session, const std::string& reason);
    /// What the plugins add to the system prompt, those that do.
    [[nodiscard]] std::vector<Words> system_prompts();
    std::string reminders() override;
    std::string carried_on() override;

    [[nodiscard]] const std::vector<std::unique_ptr<Plugin>>& plugins() const { return plugins_; }

private:
    std::vector<Words> words(plugin::Hook hook);

    std::vector<std::unique_ptr<Plugin>> plugins_;
    std::vector<std::unique_ptr<agent::Tool>> host_tools_;
    std::map<std::string, agent::Tool*, std::less<>> by_name_;
};

}  // namespace tenon::plugins
