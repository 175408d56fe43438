#include "host/base/ids.h"
#include "host/base/nearest.h"
#include "host/base/secrets.h"
#include "host/base/untrusted.h"
#include "host/cli/plugin_verbs.h"
#include "host/cli/plugin_words.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

/// The configuration for a verb that only reads. The exit code when there is none.
Result<config::Configuration, int> configuration_for(const PluginCall& call) {
    auto configuration = config::load_to_read(call.sources, overrides_of(call.options));
    if (!configuration) return complain(call.console, configuration.error().message, kExitUsage);
    for (const std::string& warning : configuration->warnings)
        complain(call.console, "warning: " + warning, 0);
    return std::move(*configuration);
}

/// Whether the word names a file: no id has such a form.
bool names_a_file(const std::string& word) {
    return word.find('/') != std::string::npos || word.ends_with(".so");
}

Secrets secrets_of(const config::Configuration& configuration) {
    Secrets secrets;
    configuration.credentials.add_to(secrets);
    return secrets;
}

int show(const PluginCall& call, const config::Configuration& configuration,
         const SurveyedPlugin& plugin) {
    const Secrets secrets = secrets_of(configuration);
    if (call.json()) {
        print_json(call.console, secrets.redact(dump_json(detail_json(plugin))));
    } else {
        call.console.out << secrets.redact(in_detail(plugin));
    }
    return plugin.id.empty() ? kExitFailed : 0;
}

int show_file(const PluginCall& call, const config::Configuration& configuration) {
    std::error_code error;
    const fs::path file = fs::absolute(call.word(0), error);
    if (!fs::exists(file, error))
        return complain(call.console,
                        "there is no file " + file.string() + (error ? ": " + error.message() : ""),
                        kExitFailed);
    if (fs::is_directory(file, error) && !fs::exists(file / "plugin.json", error))
        return complain(call.console,
                        file.string() + " is a directory; name the library (*.so) in it",
                        kExitFailed);
    return show(call, configuration, survey_plugin_file(configuration.settings, file));
}

int unknown_plugin(const PluginCall& call, const std::vector<SurveyedPlugin>& plugins) {
    std::vector<std::string_view> ids;
    std::string listed;
    for (const SurveyedPlugin& plugin : plugins) {
        if (plugin.id.empty()) continue;
        ids.emplace_back(plugin.id);
        listed += (listed.empty() ? "" : ", ") + plugin.id;
    }
    const auto meant = nearest(call.word(0), ids);
    std::string message = "no plugin with the id " + call.word(0) + " is in a plugins directory";
    if (meant) {
        message += "; did you mean " + std::string(*meant) + "?";
    } else if (!listed.empty()) {
        message += "; there are " + listed;
    }
    for (const SurveyedPlugin& plugin : plugins)
        if (plugin.id.empty() && plugin.file.stem() == call.word(0))
            message += "; " + plugin.file.string() + " is left out: " + plugin.problem +
                       (plugin.remedy.empty() ? "" : " (" + plugin.remedy + ")");
    std::error_code ignored;
    if (fs::exists(call.word(0), ignored))
        message += "; for the file of this name, write ./" + call.word(0);
    return complain(call.console, message, kExitFailed);
}

int show_id(const PluginCall& call, const config::Configuration& configuration) {
    const auto plugins = survey_plugins(configuration.settings);
    for (const SurveyedPlugin& plugin : plugins)
        if (plugin.id == call.word(0)) return show(call, configuration, plugin);
    if (!is_plugin_id(call.word(0)))
        return complain(call.console,
                        in_quotes(call.word(0)) +
                            " is neither a plugin id (1 to 32 of a-z, 0-9, '_' and '-', the first "
                            "a letter) nor the name of a directory in the Agent Plugins form, nor "
                            "a file (write it with a '/')",
                        kExitUsage);
    return unknown_plugin(call, plugins);
}

}  // namespace

int list_plugins(const PluginCall& call) {
    const auto configuration = configuration_for(call);
    if (!configuration) return configuration.error();
    const Secrets secrets = secrets_of(*configuration);
    const auto plugins = survey_plugins(configuration->settings);
    Json list = Json::array();
    for (const SurveyedPlugin& plugin : plugins) {
        if (call.json()) {
            list.push_back(list_entry(plugin));
        } else {
            call.console.out << secrets.redact(in_list(plugin));
        }
    }
    if (call.json()) print_json(call.console, secrets.redact(dump_json(list)));
    if (plugins.empty())
        complain(call.console, "there are no plugins; the host's own are missing", 0);
    return 0;
}

int show_plugin(const PluginCall& call) {
    const auto configuration = configuration_for(call);
    if (!configuration) return configuration.error();
    return names_a_file(call.word(0)) ? show_file(call, *configuration)
                                      : show_id(call, *configuration);
}

}  // namespace tenon::cli
