#include "host/cli/plugin_check.h"

#include <algorithm>
#include <set>

#include "host/agent/compact_tool.h"
#include "host/base/untrusted.h"
#include "host/cli/plugin_survey.h"
#include "host/permission/rules.h"
#include "host/plugins/config.h"
#include "host/session/agent_plugins.h"

namespace tenon::cli {
namespace {

using Sentences = std::vector<std::string>;

/// What two checks have found is said once.
void append(Sentences& out, Sentences more) {
    for (std::string& one : more)
        if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(std::move(one));
}

Sentences left_out(const std::string& who, const std::string& reason, const std::string& remedy) {
    return {"the plugin " + who + " will be left out: " + reason +
            (remedy.empty() ? "" : " (" + remedy + ")")};
}

/// "FILE:3: plugins.ID.KEY" of the first of its own keys, and how many more there are.
std::string own_keys(const std::string& id, const config::PluginSettings& configured) {
    const std::string& name = configured.own.begin()->first;
    const auto origin = configured.origins.find(name);
    std::string out = origin == configured.origins.end() ? "" : origin->second + ": ";
    out += "plugins." + id + "." + visible(name);
    if (const auto more = configured.own.size() - 1; more > 0)
        out += " and " + std::to_string(more) + " more";
    return out;
}

void check_own_keys(const SurveyedPlugin& plugin, const config::PluginSettings& configured,
                    Sentences& out) {
    if (!plugin.knows_statement) {
        out.push_back(own_keys(plugin.id, configured) +
                      ": not checked, since the keys of the plugin " + plugin.id +
                      " are known only after it has been loaded once");
        return;
    }
    append(out, plugins::warnings_about_keys(plugin.config_schema, plugin.id, configured.own,
                                             configured.origins));
    const auto checked = plugins::checked_config(plugin.config_schema, plugin.id, configured.own,
                                                 configured.origins);
    if (!checked) append(out, left_out(plugin.id, checked.error().reason, checked.error().remedy));
}

/// What `tenon plugin list` says of it, and what is known of its keys.
void check_plugin(const SurveyedPlugin& plugin, const config::PluginSettings* configured,
                  Sentences& out) {
    if (!plugin.problem.empty())
        append(out, left_out(plugin.id.empty() ? plugin.file.string() : plugin.id, plugin.problem,
                             plugin.remedy));
    append(out, plugin.warnings);
    if (configured == nullptr) return;
    if (!configured->own.empty()) check_own_keys(plugin, *configured, out);
    append(out, session::useless_plugin_keys(plugin.id, *configured, plugin.isolated));
}

permission::Rules rules_of(const config::Settings& settings) {
    const permission::BaseDirectories bases{settings.workspace, settings.home};
    std::vector<Error> ignored;  // the configuration has reported them
    return {permission::parse_rules(settings.permissions.deny, bases, ignored),
            permission::parse_rules(settings.permissions.ask, bases, ignored),
            permission::parse_rules(settings.permissions.allow, bases, ignored)};
}

void check_rules(const std::vector<SurveyedPlugin>& plugins, const permission::Rules& rules,
                 Sentences& out) {
    std::vector<std::string> tools{std::string(agent::CompactTool::kName)};
    std::string unknown;  // the plugins whose tools are not known
    permission::ToolsOfPlugins by_plugin;
    bool has_own = false;
    for (const SurveyedPlugin& plugin : plugins) {
        has_own = has_own || (plugin.first_party && plugin.known);
        for (const SurveyedTool& tool : plugin.tools)
            tools.push_back(tool.name);
        if (plugin.known)
            for (const SurveyedTool& tool : plugin.tools)
                by_plugin[plugin.id].push_back(tool.name);
        if (!plugin.id.empty() && !plugin.known && !plugin.directory)
            unknown += (unknown.empty() ? "" : ", ") + plugin.id;
    }
    if (!has_own) return;  // of an installation without plugins nothing can be said
    for (const Error& error : permission::unknown_tools(rules, tools, by_plugin))
        out.push_back(error.message +
                      (unknown.empty() ? "" : " (the tools of " + unknown + " are not known yet)"));
}

}  // namespace

std::vector<std::string> doubtful_settings_of_plugins(const config::Settings& settings) {
    const permission::Rules rules = rules_of(settings);
    const std::vector<SurveyedPlugin> plugins = survey_plugins(settings);
    std::set<std::string> checked;  // the plugins whose keys are known
    for (const SurveyedPlugin& plugin : plugins)
        if (plugin.knows_statement) checked.insert(plugin.id);
    Sentences out = session::doubtful_plugin_keys(settings, checked);
    for (const SurveyedPlugin& plugin : plugins) {
        if (!plugin.enabled || plugin.directory) continue;
        const auto configured = settings.plugins.by_id.find(plugin.id);
        const bool has_keys = configured != settings.plugins.by_id.end();
        check_plugin(plugin, has_keys ? &configured->second : nullptr, out);
    }
    check_rules(plugins, rules, out);
    return out;
}

}  // namespace tenon::cli
