#include "host/cli/plugin_survey.h"

#include <algorithm>

#include "host/base/beneath.h"
#include "host/plugins/content_hash.h"
#include "host/plugins/known_plugins.h"
#include "host/plugins/loader.h"
#include "host/plugins/path_service.h"
#include "host/session/agent_plugins.h"
#include "host/session/open_tools.h"
#include "host/session/skill_folders.h"
#include "host/session/system_prompt.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using plugins::Candidate;

constexpr const char* kHookNames[] = {"begin", "system_prompt", "remind", "carry", "tasks"};

/// The services that plugins of the host use while they are created: they look for files.
class SurveyServices {
public:
    explicit SurveyServices(const config::Settings& settings)
        : folders_(session::skill_folders(settings.workspace, settings.home, settings.config_dir,
                                          settings.prefix)),
          paths_(
              Beneath(settings.workspace, settings.add_dirs, folders_.readable),
              [](const fs::path&) { return false; }, [](const fs::path&) { return true; },
              folders_.search) {
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
          known_(settings.state_dir / "plugin-cache"),
          services_(settings) {}

    [[nodiscard]] std::vector<SurveyedPlugin> all() {
        load_plugins_of_the_host();
        const plugins::Scan scan = plugins::scan(options_);
        std::vector<SurveyedPlugin> out;
        for (const Candidate& candidate : scan.found)
            out.push_back(survey(candidate));
        for (const Candidate& candidate : scan.switched_off)
            out.push_back(survey(candidate));
        for (const plugins::Problem& problem : scan.problems)
            out.push_back(refused(problem));
        for (const plugins::AgentPlugin& plugin : agents_.all) {
            if (plugin.enabled && !plugin.refusal.empty())
                out.push_back(refused({plugin.folder, plugin.refusal, "", false}));
        }
        return out;
    }
    /// What a person should know about directories in the Agent Plugins form, a sentence each.
    [[nodiscard]] std::vector<std::string> notices() const { return agents_.notices(); }

    [[nodiscard]] SurveyedPlugin one(const fs::path& file) {
        load_plugins_of_the_host();
        options_.files = {file};
        options_.folders.clear();
        options_.listed.clear();
        const plugins::Scan scan = plugins::scan(options_);
        if (!scan.found.empty()) return survey(scan.found.front());
        if (!scan.switched_off.empty()) return survey(scan.switched_off.front());
        if (!scan.problems.empty()) return refused(scan.problems.back());
        return refused({file, "it is no plugin", "", false});
    }

private:
    void load_plugins_of_the_host() {
        plugins::LoaderOptions options = options_;
        options.folders = {options.first_party_folder};
        options.listed.clear();
        options.only_first_party = true;
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
        if (!out.enabled) {
            out.problem = "it is switched off";
            out.remedy = "remove plugins." + id + ".enabled=false from the configuration";
        } else if (const auto refusal = plugins::refusal_before_load(candidate, options_)) {
            out.problem = refusal->reason;
            out.remedy = refusal->remedy;
        }
        if (candidate.first_party) {
            take_loaded(id, out);
        } else {
            take_known(candidate, out);
        }
        return out;
    }

    void take_loaded(const std::string& id, SurveyedPlugin& out) const {
        for (const auto& plugin : loaded_.plugins) {
            if (plugin->id() != id) continue;
            out.known = true;
            out.version = plugin->version();
            out.config_schema = plugin->config_schema();
            out.tools = tools_of(plugin->declarations(), id, true);
        }
        for (const plugins::Problem& problem : loaded_.problems) {
            if (problem.file != out.file || !out.problem.empty()) continue;
            out.problem = problem.reason;
            out.remedy = problem.remedy;
        }
    }

    void take_known(const Candidate& candidate, SurveyedPlugin& out) const {
        const auto hash = plugins::content_hash_of_file(candidate.file.fd.get());
        const auto known = hash ? known_.find(out.id, *hash) : std::nullopt;
        if (!known) return;
        if (known->refusal) {
            if (!out.problem.empty()) return;
            out.problem = known->refusal->reason;
            out.remedy = known->refusal->remedy;
            return;
        }
        out.known = true;
        out.version = known->version;
        out.config_schema = known->config_schema;
        out.tools = tools_of(known->tools, out.id, false);
        for (const plugin::ToolDeclaration& declaration : known->tools) {
            const auto checked = plugins::check_tool(declaration, out.id, false);
            if (checked || !out.problem.empty()) continue;
            out.problem = checked.error().reason;
            out.remedy = checked.error().remedy;
        }
        for (const plugin::Hook hook : known->hooks)
            out.hooks.emplace_back(kHookNames[static_cast<std::size_t>(hook)]);
    }

    const config::Settings& settings_;
    const session::AgentPlugins agents_;
    plugins::LoaderOptions options_;
    const plugins::KnownPlugins known_;
    SurveyServices services_;
    plugins::Loaded loaded_;  // uses services_
};

}  // namespace

std::vector<SurveyedPlugin> survey_plugins(const config::Settings& settings) {
    return PluginSurvey(settings).all();
}

SurveyedPlugin survey_plugin_file(const config::Settings& settings, const fs::path& file) {
    return PluginSurvey(settings).one(file);
}

}  // namespace tenon::cli
