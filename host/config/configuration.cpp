#include "host/config/configuration.h"

#include "host/base/untrusted.h"
#include "host/config/layers.h"
#include "host/config/sandbox_settings.h"
#include "host/config/state_dir.h"

namespace tenon::config {
namespace {

struct KeyVariable {
    const char* name;
    std::string Credentials::*key;
};
constexpr KeyVariable kKeyVariables[] = {{"ANTHROPIC_API_KEY", &Credentials::anthropic},
                                         {"OPENAI_API_KEY", &Credentials::openai}};

/// The keys of the environment, and where it has none, those of the workspace's .env.
void take_keys(const Sources& sources, const DotEnv& dotenv, const std::string& dotenv_file,
               Configuration& out) {
    for (const auto& [name, key] : kKeyVariables) {
        auto given = clean_key(name, sources.credentials.*key);
        if (!given) {
            out.errors.push_back(given.error().message);
            continue;
        }
        out.credentials.*key = *given;
        const auto in_file = dotenv.values.find(name);
        if (!given->empty() || in_file == dotenv.values.end()) continue;
        if (auto found = clean_key(name, in_file->second)) {
            out.credentials.*key = *found;
            out.notices.push_back(std::string("using ") + name + " from " + dotenv_file);
        } else {
            out.warnings.push_back(dotenv_file + ": " + found.error().message + "; it is ignored");
        }
    }
    const Setting* model = out.table.find("model.name");
    if (model != nullptr && model->origin == dotenv_file + ": MODEL_ID")
        out.notices.push_back("using MODEL_ID=" + visible(model->text) + " from " + dotenv_file);
}

/// The hosts that the environment's proxy is not for.
std::string no_proxy(const Environment& environment) {
    const auto value = variable(environment, "NO_PROXY");
    return value.empty() ? variable(environment, "no_proxy") : value;
}

/// A path that an option or a variable gives. Where it cannot be made absolute, an error says so.
std::filesystem::path named_path(const std::filesystem::path& name, const char* named_by,
                                 const Sources& sources, const Places& places, Configuration& out) {
    auto path = given_path(name, places.home, sources.cwd);
    if (path) return *std::move(path);
    out.errors.push_back(path.error().while_doing(named_by).message);
    return {};
}

void take_state_dir(const Sources& sources, const Places& places, Configuration& out) {
    out.settings.state_dir = places.state;
    if (!places.state.empty()) {
        if (auto fine = check_state_dir(places.state); !fine)
            out.errors.push_back(fine.error().message);
    } else if (const auto set = variable(sources.environment, "TENON_STATE_DIR"); !set.empty()) {
        (void)named_path(set, "TENON_STATE_DIR", sources, places, out);
    } else {
        out.errors.emplace_back("there is no directory for state; set HOME or TENON_STATE_DIR");
    }
}

void take_add_dirs(const Sources& sources, const Overrides& overrides, const Places& places,
                   Configuration& out) {
    for (const auto& name : overrides.add_dirs) {
        auto path = given_path(name, places.home, sources.cwd);
        if (path) {
            path = real_directory(*path);
            if (!path) path = path.error().while_doing(name.string());
        }
        if (path) {
            out.settings.add_dirs.push_back(*std::move(path));
        } else {
            out.errors.push_back("--add-dir " + visible(path.error().message));
        }
    }
}

/// What no key sets.
void take_paths(const Sources& sources, const Overrides& overrides, const Places& places,
                Configuration& out) {
    Settings& settings = out.settings;
    settings.prefix = sources.prefix;
    settings.home = places.home;
    settings.config_dir = places.config;
    take_state_dir(sources, places, out);
    take_add_dirs(sources, overrides, places, out);
    if (overrides.replay)
        settings.model.replay_file =
            named_path(*overrides.replay, "--replay", sources, places, out);
    if (overrides.record)
        settings.model.record_file =
            named_path(*overrides.record, "--record", sources, places, out);
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

Configuration examine(const Sources& sources, const Overrides& overrides) {
    Layers layers = collect_layers(sources, overrides);
    Configuration out;
    out.errors = std::move(layers.errors);
    out.no_workspace = std::move(layers.no_workspace);
    out.warnings = std::move(layers.warnings);
    out.files = std::move(layers.files);
    out.table = Table(layers.places.home, sources.check_rule);
    for (const Layer& layer : layers.layers)
        out.table.add(layer, out.errors, out.warnings);
    out.warnings.insert(out.warnings.end(), layers.dotenv.warnings.begin(),
                        layers.dotenv.warnings.end());
    take_keys(sources, layers.dotenv, (layers.workspace / ".env").string(), out);

    out.settings = settings_of(out.table);
    out.settings.workspace = layers.workspace;
    out.settings.permissions.yes = overrides.yes;
    out.settings.model.no_proxy = no_proxy(sources.environment);
    take_paths(sources, overrides, layers.places, out);
    take_sandbox(sources.system, layers.places.data, out);
    return out;
}

Result<Configuration> load(const Sources& sources, const Overrides& overrides) {
    Configuration found = examine(sources, overrides);
    if (!found.no_workspace.empty()) found.errors.insert(found.errors.begin(), found.no_workspace);
    if (found.errors.empty()) return found;
    std::string all;
    for (const std::string& error : found.errors)
        all += (all.empty() ? "" : "\n") + error;
    return Error{std::move(all)};
}

}  // namespace tenon::config
