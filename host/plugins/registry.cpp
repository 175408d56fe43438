#include "host/plugins/registry.h"

#include <algorithm>
#include <cassert>

namespace tenon::plugins {

plugin::Refusal name_is_taken(const std::string& tool, const std::string& id,
                              const ToolOwner& owner) {
    const std::string without = "plugins." + id + ".enabled=false";
    if (owner.id.empty())
        return {
            "its tool " + tool + " has the name of a tool of Tenon itself, and that one is used",
            "give the tool another name, or set " + without};
    plugin::Refusal out{"its tool " + tool + " has the name of a tool of the plugin " + owner.id +
                            " (" + owner.file.string() + "), and that one is used",
                        {}};
    out.remedy = "two tools cannot have one name: give one of them another name, ";
    if (owner.first_party) {
        out.remedy += "or set " + without;
    } else {
        out.remedy += "or use only one of the plugins: set plugins." + owner.id +
                      ".enabled=false to use " + id + ", or " + without + " to use " + owner.id;
    }
    return out;
}

Registry::~Registry() {
    by_name_.clear();
    host_tools_.clear();
    while (!plugins_.empty())
        plugins_.pop_back();
}

void Registry::add(std::unique_ptr<agent::Tool> tool) {
    const bool is_new = by_name_.emplace(tool->spec().name, tool.get()).second;
    assert(is_new);
    if (is_new) host_tools_.push_back(std::move(tool));
}

ToolOwner Registry::owner_of(const agent::ToolSpec& tool) const {
    const auto plugin = std::find_if(plugins_.begin(), plugins_.end(),
                                     [&](const auto& one) { return one->id() == tool.plugin; });
    if (plugin == plugins_.end()) return {};
    return {(*plugin)->id(), (*plugin)->file(), (*plugin)->first_party()};
}

/// Whether a tool of somebody else has one of the names.
std::optional<Problem> Registry::clash_of(
    const Plugin& plugin, const std::vector<std::unique_ptr<PluginTool>>& tools) const {
    for (const auto& tool : tools) {
        const auto taken = by_name_.find(tool->spec().name);
        if (taken == by_name_.end() || taken->second->spec().plugin == plugin.id()) continue;
        plugin::Refusal refusal =
            name_is_taken(tool->spec().name, plugin.id(), owner_of(taken->second->spec()));
        return Problem{plugin.file(), std::move(refusal.reason), std::move(refusal.remedy)};
    }
    return std::nullopt;
}

Result<void, Problem> Registry::add(std::unique_ptr<Plugin> plugin) {
    if (auto clash = clash_of(*plugin, plugin->tools())) return std::move(*clash);
    for (const auto& tool : plugin->tools())
        by_name_.emplace(tool->spec().name, tool.get());
    plugins_.push_back(std::move(plugin));
    return {};
}

Result<void, Problem> Registry::refresh_tools(const std::string& id) {
    const auto plugin = std::find_if(plugins_.begin(), plugins_.end(),
                                     [&](const auto& one) { return one->id() == id; });
    if (plugin == plugins_.end()) return {};
    auto tools = (*plugin)->fresh_tools();
    if (!tools) return Problem{(*plugin)->file(), tools.error().reason, tools.error().remedy};
    if (auto clash = clash_of(**plugin, *tools)) return std::move(*clash);
    for (const auto& tool : (*plugin)->tools())
        by_name_.erase(tool->spec().name);
    (*plugin)->use_tools(std::move(*tools));
    for (const auto& tool : (*plugin)->tools())
        by_name_.emplace(tool->spec().name, tool.get());
    return {};
}

Result<void, Problem> Registry::replace(std::unique_ptr<Plugin> plugin) {
    const auto old = std::find_if(plugins_.begin(), plugins_.end(),
                                  [&](const auto& one) { return one->id() == plugin->id(); });
    if (old == plugins_.end()) return add(std::move(plugin));
    if (auto clash = clash_of(*plugin, plugin->tools())) return std::move(*clash);
    for (const auto& tool : (*old)->tools())
        by_name_.erase(tool->spec().name);
    for (const auto& tool : plugin->tools())
        by_name_.emplace(tool->spec().name, tool.get());
    *old = std::move(plugin);
    return {};
}

void Registry::remove(const std::string& id) {
    const auto plugin = std::find_if(plugins_.begin(), plugins_.end(),
                                     [&](const auto& one) { return one->id() == id; });
    if (plugin == plugins_.end()) return;
    for (const auto& tool : (*plugin)->tools())
        by_name_.erase(tool->spec().name);
    plugins_.erase(plugin);
}

agent::Tool* Registry::find(std::string_view name) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

std::vector<const agent::ToolSpec*> Registry::specs() const {
    std::vector<const agent::ToolSpec*> out;
    for (const auto& plugin : plugins_)
        for (const auto& tool : plugin->tools())
            out.push_back(&tool->spec());
    for (const auto& tool : host_tools_)
        out.push_back(&tool->spec());
    return out;
}

void Registry::begin_session(const std::string& session, const std::string& reason) {
    for (const auto& plugin : plugins_)
        plugin->begin_session(session, reason);
}

std::vector<HookText> Registry::texts_of(plugin::Hook hook) {
    std::vector<HookText> all;
    for (const auto& plugin : plugins_) {
        std::string text = plugin->text_of(hook);
        if (!text.empty()) all.push_back({plugin->id(), std::move(text)});
    }
    return all;
}

std::string joined(const std::vector<HookText>& texts) {
    std::string text;
    for (const HookText& part : texts)
        text.append(text.empty() ? "" : "\n\n").append(part.text);
    return text;
}

std::vector<HookText> Registry::system_prompts() {
    return texts_of(plugin::Hook::kSystemPrompt);
}
std::string Registry::reminders() {
    return joined(texts_of(plugin::Hook::kRemind));
}
std::string Registry::carried_on() {
    return joined(texts_of(plugin::Hook::kCarry));
}

}  // namespace tenon::plugins
