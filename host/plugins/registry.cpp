#include "host/plugins/registry.h"

#include <cassert>

#include "host/plugins/plugin_call.h"

namespace tenon::plugins {

Registry::~Registry() {
    by_name_.clear();
    host_tools_.clear();
    plugin_tools_.clear();
    while (!plugins_.empty())
        plugins_.pop_back();
}

void Registry::add(std::unique_ptr<agent::Tool> tool) {
    const bool is_new = by_name_.emplace(tool->spec().name, tool.get()).second;
    assert(is_new);
    if (is_new) host_tools_.push_back(std::move(tool));
}

Result<void, Problem> Registry::add(std::unique_ptr<plugin::Plugin> plugin) {
    for (const plugin::PluginTool& tool : plugin->tools()) {
        const auto taken = by_name_.find(tool.spec.name);
        if (taken == by_name_.end()) continue;
        const std::string& owner = taken->second->spec().plugin;
        return Problem{plugin->file(),
                       "its tool " + tool.spec.name + " has the name of one of " + owner,
                       "remove one of the two, or set plugins." + plugin->id() + ".enabled=false"};
    }
    for (const plugin::PluginTool& tool : plugin->tools()) {
        plugin_tools_.push_back(std::make_unique<PluginCall>(*plugin, tool));
        by_name_.emplace(tool.spec.name, plugin_tools_.back().get());
    }
    plugins_.push_back(std::move(plugin));
    return {};
}

void Registry::remove(const std::string& id) {
    const auto plugin = std::find_if(plugins_.begin(), plugins_.end(),
                                     [&](const auto& one) { return one->id() == id; });
    if (plugin == plugins_.end()) return;
    for (const plugin::PluginTool& tool : (*plugin)->tools())
        by_name_.erase(tool.spec.name);
    std::erase_if(plugin_tools_, [&](const auto& tool) { return tool->spec().plugin == id; });
    plugins_.erase(plugin);
}

agent::Tool* Registry::find(std::string_view name) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

std::vector<const agent::ToolSpec*> Registry::specs() const {
    std::vector<const agent::ToolSpec*> out;
    for (const auto* tools : {&plugin_tools_, &host_tools_})
        for (const auto& tool : *tools)
            out.push_back(&tool->spec());
    return out;
}

void Registry::begin_session(const std::string& session, const std::string& reason) {
    for (const auto& plugin : plugins_)
        plugin->begin_session(session, reason);
}

std::vector<Words> Registry::words(void (*tenon_context::*function)(void*, tenon_sink)) {
    std::vector<Words> all;
    for (const auto& plugin : plugins_) {
        std::string said = plugin->words(function);
        if (!said.empty()) all.push_back({plugin->id(), std::move(said)});
    }
    return all;
}

std::string joined(const std::vector<Words>& words) {
    std::string text;
    for (const Words& said : words)
        text.append(text.empty() ? "" : "\n\n").append(said.text);
    return text;
}

std::vector<Words> Registry::system_prompts() {
    return words(&tenon_context::system_prompt);
}
std::string Registry::reminders() {
    return joined(words(&tenon_context::remind));
}
std::string Registry::carried_on() {
    return joined(words(&tenon_context::carry));
}

}  // namespace tenon::plugins
