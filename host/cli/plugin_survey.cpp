#include "host/cli/plugin_survey.h"

#include <algorithm>
#include <map>

#include "host/agent/compact_tool.h"
#include "host/base/beneath.h"
#include "host/plugins/loader.h"
#include "host/plugins/outlook.h"
#include "host/plugins/path_service.h"
#include "host/plugins/registry.h"
#include "host/session/agent_plugins.h"
#include "host/session/open_tools.h"
#include "host/session/skill_folders.h"
#include "host/session/system_prompt.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using plugins::Candidate;

/// The services that plugins of the host use while they are created: they look for files.
class SurveyServices {
public:
    explicit SurveyServices(const config::Settings& settings)
        : folders_(session::skill_folders(settings.workspace, settings.home, settings.config_dir,
                                          settings.prefix)),
          paths_(
              Beneath(settings.workspace, settings.add_dirs, folders_.readable),
              [](const fs::path&) { return ""; },
              [](const fs::path&) { return "this command writes nothing"; }, folders_.search) {
        paths_.add_to(services_);
    }
    [[nodiscard]] const plugins::Services& services() const { return services_; }

private:
    session::SkillFolders folders_;
    plugins::PathService paths_;
    plugins::Services services_;
};

std::vector<SurveyedTool> tools_of(const std::vector<plugin::ToolDeclaration>& declarations,
                                   const std::string& id, bool first_party) {
    std::vector<SurveyedTool> out;
    for (const plugin::ToolDeclaration& declaration : declarations) {
        auto checked = plugins::check_tool(declaration, id, first_party);
        if (!checked) continue;  // a plugin with such a tool is refused as a whole
        SurveyedTool tool{declaration.name, declaration.flags, std::move(checked->spec), 0};
        constexpr std::size_t kBrackets = 2;
        tool.request_bytes = session::tool_list({&tool.spec}).size() - kBrackets;
        out.push_back(std::move(tool));
    }
    return out;
}

/// Surveys candidates of one configuration.
class PluginSurvey {
public:
    explicit PluginSurvey(const config::Settings& settings)
        : settings_(settings),
          agents_(session::find_agent_plugins(settings)),
          options_(session::loader_options(settings, agents_,
                                           [](std::string_view, int, std::string_view) {})),
          services_(settings) {}

    [[nodiscard]] std::vector<SurveyedPlugin> all() {
        load_plugins_of_the_host();
        return all_without_loading();
    }

    [[nodiscard]] std::vector<SurveyedPlugin> all_without_loading() {
        const plugins::Scan scan = plugins::scan(options_);
        std::vector<SurveyedPlugin> out;
        for (const Candidate& candidate : scan.found)
            out.push_back(survey(candidate));
        find_clashes(out);
        for (const Candidate& candidate : scan.switched_off)
            out.push_back(survey(candidate));
        for (const plugins::Problem& problem : scan.problems)
            out.push_back(refused(problem));
        for (const plugins::AgentPlugin& plugin : agents_.all)
            out.push_back(directory(plugin));
        return out;
    }

    [[nodiscard]] SurveyedPlugin one(const fs::path& file) {
        std::error_code failed;
        if (fs::is_directory(file, failed)) return one_directory(file);
        options_.files = {file};
        for (SurveyedPlugin& plugin : all())
            if (plugin.file == file || fs::equivalent(plugin.file, file, failed))
                return std::move(plugin);
        return refused({file, "it is no plugin", "", false});
    }

private:
    void load_plugins_of_the_host() {
        plugins::LoaderOptions options = options_;
        options.folders = {options.first_party_folder};
        options.listed.clear();
        options.only_first_party = true;
        options.files.clear();
        options.state_dir.clear();  // nothing is created
        for (auto& [id, plugin] : options.by_id)
            plugin.isolated.reset();
        loaded_ = plugins::load(options, services_.services());
    }

    static SurveyedPlugin refused(const plugins::Problem& problem) {
        SurveyedPlugin out;
        out.file = problem.file;
        out.problem = problem.reason;
        out.remedy = problem.remedy;
        return out;
    }

    /// It need not be in a plugins directory.
    [[nodiscard]] SurveyedPlugin one_directory(const fs::path& folder) const {
        std::error_code failed;
        for (const plugins::AgentPlugin& plugin : agents_.all)
            if (fs::equivalent(plugin.folder, folder, failed)) return directory(plugin);
        return directory(plugins::read_agent_plugin(folder));
    }

    static SurveyedPlugin directory(const plugins::AgentPlugin& plugin) {
        SurveyedPlugin out;
        out.file = plugin.folder;
        out.id = plugin.name;
        out.version = plugin.version;
        out.enabled = plugin.enabled;
        out.warnings = plugin.problems;
        if (!plugin.enabled) {
            take_problem(switched_off(plugin.name), out);
        } else if (!plugin.refusal.empty()) {
            take_problem({plugin.refusal, ""}, out);
        }
        out.directory = plugin;
        return out;
    }

    static plugin::Refusal switched_off(const std::string& id) {
        return {"it is switched off",
                "remove plugins." + id + ".enabled=false from the configuration"};
    }

    /// The directory in the Agent Plugins form whose native library it is; empty: none.
    [[nodiscard]] fs::path directory_of(const fs::path& file) const {
        std::error_code failed;
        for (const plugins::AgentPlugin& plugin : agents_.all)
            for (const fs::path& library : plugin.libraries)
                if (fs::equivalent(library, file, failed)) return plugin.folder;
        return {};
    }

    [[nodiscard]] SurveyedPlugin survey(const Candidate& candidate) {
        SurveyedPlugin out;
        const std::string& id = candidate.note.id;
        const auto options = options_.by_id.find(id);
        out.file = candidate.file.path;
        out.id = id;
        out.abi = std::to_string(candidate.note.abi_major) + "." +
                  std::to_string(candidate.note.abi_minor);
        out.first_party = candidate.first_party;
        out.isolated = !candidate.first_party;
        if (options != options_.by_id.end()) {
            out.isolated = options->second.isolated.value_or(out.isolated);
            out.enabled = options->second.enabled;
            out.grants = options->second.grants;
        }
        out.needs = candidate.note.needs;
        out.summary = candidate.note.summary;
        out.state_dir = settings_.state_dir / "plugin-data" / id;
        out.part_of = directory_of(out.file);
        if (!out.enabled) take_problem(switched_off(id), out);
        if (candidate.first_party) {
            take_loaded(id, out);
        } else {
            take_known(candidate, out);
        }
        return out;
    }

    /// The first problem is the one that the load meets first.
    static void take_problem(const plugin::Refusal& refusal, SurveyedPlugin& out) {
        if (!out.problem.empty()) return;
        out.problem = refusal.reason;
        out.remedy = refusal.remedy;
    }

    void take_loaded(const std::string& id, SurveyedPlugin& out) const {
        for (const auto& plugin : loaded_.plugins) {
            if (plugin->id() != id) continue;
            out.knows_statement = out.known = true;
            out.version = plugin->version();
            out.config_schema = plugin->config_schema();
            out.warnings = plugin->warnings();
            out.tools = tools_of(plugin->declarations(), id, true);
        }
        for (const plugins::Problem& problem : loaded_.problems)
            if (problem.file == out.file) take_problem({problem.reason, problem.remedy}, out);
    }

    void take_known(const Candidate& candidate, SurveyedPlugin& out) const {
        const plugins::Outlook outlook = plugins::outlook_of(candidate, options_);
        if (outlook.refusal) take_problem(*outlook.refusal, out);
        out.warnings = outlook.warnings;
        out.knows_statement = outlook.knows_statement();
        out.known = outlook.knows_tools();
        if (!out.knows_statement) return;
        out.version = outlook.known->version;
        out.config_schema = outlook.known->config_schema;
        out.tools = tools_of(outlook.known->tools, out.id, false);
        for (const plugin::Hook hook : outlook.known->hooks)
            out.hooks.emplace_back(plugin::name_of(hook));
    }

    /// Of two plugins with a tool of one name, the first in the order of loading is used, as far as
    /// their tools are known. A session has the host's own tools before all others.
    static void find_clashes(std::vector<SurveyedPlugin>& plugins) {
        std::map<std::string, plugins::ToolOwner> taken;
        taken[std::string(agent::CompactTool::kName)] = {};
        for (SurveyedPlugin& plugin : plugins) {
            if (!plugin.problem.empty()) continue;
            for (const SurveyedTool& tool : plugin.tools) {
                const auto owner = taken.find(tool.name);
                if (owner != taken.end())
                    take_problem(plugins::name_is_taken(tool.name, plugin.id, owner->second),
                                 plugin);
            }
            if (!plugin.problem.empty()) continue;
            for (const SurveyedTool& tool : plugin.tools)
                taken[tool.name] = {plugin.id, plugin.file, plugin.first_party};
        }
    }

    const config::Settings& settings_;
    const session::AgentPlugins agents_;
    plugins::LoaderOptions options_;
    SurveyServices services_;
    plugins::Loaded loaded_;  // uses services_
};

}  // namespace

std::vector<SurveyedPlugin> survey_plugins(const config::Settings& settings) {
    return PluginSurvey(settings).all();
}

std::vector<SurveyedPlugin> survey_without_loading(const config::Settings& settings) {
    return PluginSurvey(settings).all_without_loading();
}

SurveyedPlugin survey_plugin_file(const config::Settings& settings, const fs::path& file) {
    return PluginSurvey(settings).one(file);
}

}  // namespace tenon::cli
