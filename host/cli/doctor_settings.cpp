// What Tenon's own files and settings say: the model, the configuration, plugins, programs.
#include <algorithm>
#include <sstream>
#include <unistd.h>

#include "host/cli/doctor.h"
#include "host/cli/jobs_words.h"
#include "host/cli/plugin_survey.h"
#include "host/config/settings_keys.h"
#include "host/config/state_dir.h"
#include "host/plugins/manifest.h"
#include "host/session/provider.h"
#include "host/session/run_needs.h"
#include "host/session/run_setup.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCorrect =
    "correct it (what is in /etc, the administrator can), then: tenon config check";
constexpr const char* kReinstall = "install the host again";

Check check_key(const config::Configuration& found) {
    const config::Settings& settings = found.settings;
    session::MissingNeeds missing = session::missing_needs(settings.model, found.credentials);
    missing.model = false;
    if (has_wrong_address(found))
        return {"key", CheckStatus::kOk, "not checked, since the server's address is wrong", ""};
    if (missing.key)
        return {"key", CheckStatus::kError, what_is_missing(missing),
                how_to_give(missing, settings)};
    if (session::needs_key(settings.model)) return {"key", CheckStatus::kOk, "there is one", ""};
    const bool sent = settings.model.provider != "replay" && !settings.model.key_origin.empty();
    return {"key", CheckStatus::kOk,
            sent ? "there is one; this server may not need it" : "none is needed", ""};
}

/// A run does not start without the keys of its fallback models.
void check_fallback_keys(const config::Configuration& found, Checks& out) {
    const config::Settings::Model& model = found.settings.model;
    if (model.provider == "replay") return;
    for (const auto& fallback : model.fallbacks) {
        const config::Settings::Model settings = session::fallback_model(model, fallback);
        const session::MissingNeeds missing = session::missing_needs(settings, found.credentials);
        if (has_wrong_address(found, config::section_of_fallback(fallback.number))) {
            out.push_back({"key", CheckStatus::kOk,
                           "not checked for the fallback model " + fallback.name +
                               ", since its server's address is wrong",
                           ""});
        } else if (missing.key) {
            out.push_back({"key", CheckStatus::kError,
                           what_is_missing(missing) + ", which the fallback model " +
                               fallback.name + " needs",
                           session::line_for_key(fallback.provider)});
        } else {
            const bool needed = session::needs_key(settings);
            out.push_back({"key", CheckStatus::kOk,
                           std::string(needed ? "there is one" : "none is needed") +
                               " for the fallback model " + fallback.name,
                           ""});
        }
    }
}

/// A first-party file is in the host's own directory.
bool came_with_tenon(const SurveyedPlugin& plugin, const fs::path& folder) {
    std::error_code failed;
    return plugin.first_party || plugin.file.parent_path() == folder ||
           fs::equivalent(plugin.file.parent_path(), folder, failed);
}

/// A plugin that is switched off was meant to be left out.
bool is_left_out(const SurveyedPlugin& plugin) {
    return !plugin.problem.empty() && plugin.enabled;
}

Check left_out_check(const SurveyedPlugin& plugin, const fs::path& folder) {
    const bool own = came_with_tenon(plugin, folder);
    const std::string who = plugin.id.empty() ? plugin.file.string() : plugin.id;
    std::string remedy = plugin.remedy;
    if (remedy.empty())
        remedy = own ? kReinstall
                 : plugin.directory
                     ? "tenon plugin info " + plugin.id
                     : "tenon plugin verify " + quoted_for_bash(plugin.file.string());
    return {"plugins", own ? CheckStatus::kError : CheckStatus::kWarning,
            who + " is left out: " + plugin.problem, std::move(remedy)};
}

/// Without this list, no plugin counts as the host's own.
void check_manifest(const fs::path& folder, Checks& out) {
    const auto names = plugins::read_manifest(folder);
    if (!names) return;  // the survey reports it
    if (names->empty())
        out.push_back({"plugins", CheckStatus::kError,
                       (folder / "manifest.json").string() + " lists no plugin, or is not there",
                       kReinstall});
}

void check_helper(const fs::path& program, Checks& out) {
    std::error_code failed;
    const bool runs = ::access(program.c_str(), X_OK) == 0 && fs::is_regular_file(program, failed);
    const std::string why =
        ::access(program.c_str(), F_OK) != 0 ? " is not there" : " cannot be executed";
    out.push_back({"helper programs", runs ? CheckStatus::kOk : CheckStatus::kError,
                   program.string() + (runs ? "" : why), runs ? "" : kReinstall});
}

}  // namespace

bool has_wrong_address(const config::Configuration& found, const std::string& section) {
    return std::any_of(found.errors.begin(), found.errors.end(), [&](const std::string& error) {
        return error.find(section + ".baseUrl: ") != std::string::npos;
    });
}

Checks check_model(const config::Configuration& found) {
    const config::Settings& settings = found.settings;
    const config::Settings::Model& model = settings.model;
    session::MissingNeeds missing = session::missing_needs(model, found.credentials);
    missing.key = false;
    Checks out;
    if (missing.model) {
        out.push_back({"model", CheckStatus::kError, what_is_missing(missing),
                       how_to_give(missing, settings)});
    } else if (model.provider == "replay" && model.replay_file.empty()) {
        out.push_back({"model", CheckStatus::kError, "the provider replay needs --replay FILE",
                       "model.provider=anthropic"});
    } else {
        out.push_back({"model", CheckStatus::kOk,
                       (model.name.empty() ? "" : model.name + ", ") + "provider " + model.provider,
                       ""});
    }
    out.push_back(check_key(found));
    check_fallback_keys(found, out);
    return out;
}

Checks check_configuration(const config::Configuration& found) {
    Checks out;
    const auto add_error = [&](const std::string& text) {
        out.push_back({"configuration", CheckStatus::kError, text, kCorrect});
    };
    if (!found.no_workspace.empty()) {
        add_error(found.no_workspace);
        out.back().remedy = "tenon doctor --workspace DIR";
    }
    if (!found.unsafe_workspace.empty()) {
        add_error(found.unsafe_workspace);
        out.back().remedy = config::kSaferWorkspace;
    }
    const auto state = config::check_state_dir(found.settings.state_dir);
    for (const std::string& error : found.errors)
        // check_storage says that.
        if (state || error != state.error().message) add_error(error);
    for (const std::string& warning : found.warnings)
        out.push_back({"configuration", CheckStatus::kWarning, warning, kCorrect});
    if (!out.empty()) return out;
    std::string files;
    for (const std::string& file : found.files)
        files += (files.empty() ? "" : ", ") + file;
    out.push_back({"configuration", CheckStatus::kOk,
                   files.empty() ? "no files; the defaults apply" : "read " + files, ""});
    return out;
}

Checks check_plugins(const config::Configuration& found) {
    config::Settings settings = found.settings;
    // check_configuration says that there is none.
    if (settings.workspace.empty()) settings.workspace = settings.prefix;
    const fs::path folder = settings.prefix / "lib/tenon/plugins";
    Checks out;
    if (const auto named = session::prepare_tools(found); !named)
        out.push_back({"plugins", CheckStatus::kError, named.error().message,
                       "name a directory that exists"});
    check_manifest(folder, out);
    std::size_t usable = 0;
    for (const SurveyedPlugin& plugin : survey_plugins(settings)) {
        usable += plugin.problem.empty() && plugin.enabled ? 1U : 0U;
        if (is_left_out(plugin)) out.push_back(left_out_check(plugin, folder));
    }
    out.insert(out.begin(),
               {"plugins", CheckStatus::kOk, std::to_string(usable) + " can be used", ""});
    for (const char* name : {"tenon-shim", "tenon-plugin-host"})
        check_helper(settings.prefix / "libexec/tenon" / name, out);
    return out;
}

Checks check_bash(const config::Environment& environment) {
    // What execvp(3) searches without PATH.
    const std::string set = config::variable(environment, "PATH");
    std::istringstream folders(set.empty() ? "/bin:/usr/bin" : set);
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path program = fs::path(folder.empty() ? "." : folder) / "bash";
        std::error_code failed;
        if (fs::is_regular_file(program, failed) && ::access(program.c_str(), X_OK) == 0)
            return {{"shell", CheckStatus::kOk, program.string(), ""}};
    }
    return {{"shell", CheckStatus::kError,
             "there is no bash in PATH (" + (set.empty() ? "not set" : set) +
                 "), so no command can be run",
             "install bash, or: export PATH=/usr/bin:/bin"}};
}

}  // namespace tenon::cli
