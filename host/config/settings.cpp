#include "host/config/settings.h"

#include <algorithm>
#include <array>

#include "host/base/untrusted.h"
#include "host/config/dotenv.h"
#include "host/config/layers.h"
#include "host/config/merger.h"
#include "host/config/sandbox_settings.h"
#include "host/config/settings_keys.h"
#include "host/config/state_dir.h"

namespace tenon::config {
namespace {

struct KeyVariable {
    const char* name;
    std::string Credentials::*key;
};
constexpr KeyVariable kKeyVariables[] = {{"ANTHROPIC_API_KEY", &Credentials::anthropic},
                                         {"OPENAI_API_KEY", &Credentials::openai}};

/// The keys that the environment gave, and where it gave none, the workspace's .env.
void take_keys(const Sources& sources, const DotEnv& dotenv, const std::string& dotenv_file,
               Examined& out) {
    for (const auto& [name, key] : kKeyVariables) {
        auto given = clean_key(name, sources.credentials.*key);
        if (!given) {
            out.errors.push_back(given.error().message);
            continue;
        }
        out.loaded.credentials.*key = *given;
        const auto in_file = dotenv.values.find(name);
        if (!given->empty() || in_file == dotenv.values.end()) continue;
        if (auto found = clean_key(name, in_file->second)) {
            out.loaded.credentials.*key = *found;
            out.loaded.notices.push_back(std::string("using ") + name + " from " + dotenv_file);
        } else {
            out.loaded.warnings.push_back(dotenv_file + ": " + found.error().message +
                                          "; it is ignored");
        }
    }
}

void take_model(Merger& merger, const DotEnv& dotenv, const std::string& dotenv_file, Loaded& out) {
    const auto model = dotenv.values.find("MODEL_ID");
    if (model == dotenv.values.end()) return;
    if (merger.set_if_unset("model.name", model->second, dotenv_file + ": MODEL_ID")) {
        out.notices.push_back("using MODEL_ID=" + visible(model->second) + " from " + dotenv_file);
    }
}

/// What the environment says of proxies holds where no configuration does.
void take_proxies(const Sources& sources, Loaded& out) {
    const auto either = [&](const char* upper, const char* lower) {
        const auto value = variable(sources.environment, upper);
        return value.empty() ? variable(sources.environment, lower) : value;
    };
    out.settings.model.https_proxy = either("HTTPS_PROXY", "https_proxy");
    out.settings.model.no_proxy = either("NO_PROXY", "no_proxy");
    if (out.settings.model.https_proxy.empty()) return;
    for (Entry& entry : out.entries) {
        if (entry.key != "model.proxy" || entry.origin != "default") continue;
        entry.value = shown_value(entry.key, out.settings.model.https_proxy);
        entry.origin =
            variable(sources.environment, "HTTPS_PROXY").empty() ? "https_proxy" : "HTTPS_PROXY";
    }
}

/// The directories in which plugins are looked for. One that cannot be named is an error.
std::vector<Entry> plugin_folders(const Merger& merger, const Sources& sources,
                                  const Overrides& overrides, const Places& places,
                                  std::vector<std::string>& errors) {
    std::vector<Entry> out = merger.paths("plugins.path");
    const auto add = [&](const std::filesystem::path& folder, const char* origin) {
        const auto path = given_path(folder, places.home, sources.cwd);
        if (path) {
            out.push_back({"plugins.path", path->string(), origin, {}});
        } else {
            errors.push_back(path.error().while_doing(origin).message);
        }
    };
    if (out.empty()) {
        add(sources.prefix / "lib/tenon/plugins", "default");
        if (!places.data.empty()) add(places.data / "plugins", "default");
    }
    const std::string more = variable(sources.environment, "TENON_PLUGIN_PATH");
    for (std::string_view rest = more; !rest.empty();) {
        const auto end = std::min(rest.find(':'), rest.size());
        if (end > 0) add(rest.substr(0, end), "TENON_PLUGIN_PATH");
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    for (const auto& folder : overrides.plugin_dirs)
        add(folder, "--plugin-dir");
    return out;
}

void take_plugin_folders(const std::vector<Entry>& folders, Loaded& out) {
    auto& path = out.settings.plugins.path;
    const auto place = std::find_if(out.entries.begin(), out.entries.end(), [](const Entry& e) {
        return e.key.starts_with("permissions.");
    });
    std::vector<Entry> kept;
    for (const Entry& entry : folders) {
        // One folder twice would offer every plugin twice.
        if (std::find(path.begin(), path.end(), entry.value) != path.end()) continue;
        path.emplace_back(entry.value);
        kept.push_back(entry);
    }
    out.entries.insert(place, kept.begin(), kept.end());
}

/// A directory that somebody named, symlinks resolved.
Result<std::filesystem::path> named_folder(const std::filesystem::path& name, const Layers& layers,
                                           const Sources& sources) {
    const auto path = given_path(name, layers.places.home, sources.cwd);
    if (!path) return path;
    std::error_code error;
    auto real = std::filesystem::canonical(*path, error);
    if (!error && !std::filesystem::is_directory(real, error) && !error)
        error = std::make_error_code(std::errc::not_a_directory);
    if (error) return Error{name.string() + ": " + error.message()};
    return real;
}

void take_state_dir(const Sources& sources, const Layers& layers, Examined& out) {
    Settings& settings = out.loaded.settings;
    settings.state_dir = layers.places.state;
    if (!settings.state_dir.empty()) {
        if (auto fine = check_state_dir(settings.state_dir); !fine)
            out.errors.push_back(fine.error().message);
    } else if (const auto set = variable(sources.environment, "TENON_STATE_DIR"); !set.empty()) {
        out.errors.push_back(given_path(set, layers.places.home, sources.cwd)
                                 .error()
                                 .while_doing("TENON_STATE_DIR")
                                 .message);
    } else {
        out.errors.emplace_back("there is no directory for state; set HOME or TENON_STATE_DIR");
    }
}

void take_folders(const Sources& sources, const Overrides& overrides, const Layers& layers,
                  Examined& out) {
    Settings& settings = out.loaded.settings;
    settings.workspace = layers.workspace;
    for (const auto& folder : overrides.add_dirs) {
        auto real = named_folder(folder, layers, sources);
        if (real) {
            settings.add_dirs.push_back(*std::move(real));
        } else {
            out.errors.push_back("--add-dir " + visible(real.error().message));
        }
    }
    const auto take_file = [&](const std::optional<std::filesystem::path>& name, const char* option,
                               std::filesystem::path& file) {
        if (!name) return;
        auto path = given_path(*name, layers.places.home, sources.cwd);
        if (path) {
            file = *std::move(path);
        } else {
            out.errors.push_back(path.error().while_doing(option).message);
        }
    };
    take_file(overrides.replay, "--replay", settings.model.replay_file);
    take_file(overrides.record, "--record", settings.model.record_file);
}

}  // namespace

Sources process_sources(std::filesystem::path prefix, const StartDirectory& start) {
    Sources out;
    out.credentials = take_credentials();
    out.environment = process_environment();
    out.prefix = std::move(prefix);
    out.cwd = start.path;
    out.cwd_problem = start.problem;
    return out;
}

Examined examine(const Sources& sources, const Overrides& overrides) {
    Layers layers = collect_layers(sources, overrides);
    Examined out;
    out.errors = std::move(layers.errors);
    out.no_workspace = std::move(layers.no_workspace);
    out.loaded.warnings = std::move(layers.warnings);
    out.loaded.files = std::move(layers.files);
    Merger merger(layers.places.home, sources.check_rule);
    for (const Layer& layer : layers.layers)
        merger.merge(layer, out.errors, out.loaded.warnings);

    const auto dotenv = layers.workspace.empty() ? DotEnv{} : read_dotenv(layers.workspace);
    const std::string dotenv_file = (layers.workspace / ".env").string();
    out.loaded.warnings.insert(out.loaded.warnings.end(), dotenv.warnings.begin(),
                               dotenv.warnings.end());
    take_keys(sources, dotenv, dotenv_file, out);
    take_model(merger, dotenv, dotenv_file, out.loaded);

    merger.fill(out.loaded.settings);
    out.loaded.settings.permissions.yes = overrides.yes;
    out.loaded.entries = merger.entries();
    take_plugin_folders(plugin_folders(merger, sources, overrides, layers.places, out.errors),
                        out.loaded);
    take_proxies(sources, out.loaded);
    take_state_dir(sources, layers, out);
    take_folders(sources, overrides, layers, out);
    take_sandbox(merger, sources, layers.places, out);
    return out;
}

Result<Loaded> load(const Sources& sources, const Overrides& overrides) {
    Examined examined = examine(sources, overrides);
    if (!examined.no_workspace.empty())
        examined.errors.insert(examined.errors.begin(), examined.no_workspace);
    if (examined.errors.empty()) return std::move(examined.loaded);
    std::string all;
    for (const std::string& error : examined.errors)
        all += (all.empty() ? "" : "\n") + error;
    return Error{std::move(all)};
}

}  // namespace tenon::config
