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

void append(Sentences& out, Sentences more) {
    out.insert(out.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
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
    auto checked = plugins::checked_config(plugin.config_schema, plugin.id, configured.own,
                                           configured.origins);
    if (checked) {
        append(out, std::move(checked->warnings));
    } else {
        out.push_back("the plugin " + plugin.id + " will be left out: " + checked.error().reason +
                      " (" + checked.error().remedy + ")");
    }
}

/// Whether rules name tools: the other rules say nothing about plugins.
bool name_tools(const permission::Rules& rules) {
    for (const auto* list : {&rules.deny, &rules.ask, &rules.allow})
        for (const permission::Rule& rule : *list)
            if (rule.subject() == permission::RuleSubject::kTool) return true;
    return false;
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
    if (settings.plugins.by_id.empty() && !name_tools(rules)) return {};
    const std::vector<SurveyedPlugin> plugins = survey_plugins(settings);
    std::set<std::string> checked;  // the plugins whose keys are known
    for (const SurveyedPlugin& plugin : plugins)
        if (plugin.knows_statement) checked.insert(plugin.id);
    Sentences out = session::doubtful_plugin_keys(settings, checked);
    for (const SurveyedPlugin& plugin : plugins) {
        const auto configured = settings.plugins.by_id.find(plugin.id);
        if (configured == settings.plugins.by_id.end() || !plugin.enabled || plugin.directory)
            continue;
        if (!configured->second.own.empty()) check_own_keys(plugin, configured->second, out);
        append(out, session::useless_plugin_keys(plugin.id, configured->second, plugin.isolated));
    }
    check_rules(plugins, rules, out);
    return out;
}

}  // namespace tenon::cli
