#include "host/config/layers.h"

#include <algorithm>
#include <sys/stat.h>
#include <thread>

#include "host/base/untrusted.h"
#include "host/config/rule_file.h"
#include "host/config/setting_values.h"
#include "host/config/settings_keys.h"
#include "host/config/trust.h"

namespace tenon::config {
namespace {

std::string default_of(const KeySpec& spec) {
    if (spec.key == "jobs.maxRunning")
        return std::to_string(std::max(4U, 2 * std::thread::hardware_concurrency()));
    return std::string(spec.default_text);
}

/// A warning that others than the administrator can write a file or directory of the machine's, and
/// so undo its locks; none when they cannot. `owner` may own it, as root may.
std::optional<std::string> warning_about_writers(const std::filesystem::path& path, uid_t owner) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;  // reading it reports that
    if (info.st_uid != 0 && info.st_uid != owner)
        return path.string() +
               " does not belong to root, and its owner can change every lock; correct it: "
               "chown root " +
               path.string();
    const bool by_group = (info.st_mode & S_IWGRP) != 0 && info.st_gid != 0;
    if (!by_group && (info.st_mode & S_IWOTH) == 0) return std::nullopt;
    return path.string() +
           " can be written by others, who can change every lock; correct it: chmod go-w " +
           path.string();
}

class Collector {
public:
    Collector(const Sources& sources, const Overrides& overrides)
        : sources_(sources), overrides_(overrides) {
        out_.places = places_of(sources.environment, sources.account_home, sources.cwd);
    }

    Layers collect() && {
        find_workspace();
        if (!out_.workspace.empty()) out_.dotenv = read_dotenv(out_.workspace);
        add_defaults();
        add_folder(sources_.system, layer_of_machine(sources_.system));
        add_conf_d(sources_.system);
        add_end_of_machine();
        warn_of_writers();
        if (!out_.places.config.empty()) {
            add_folder(out_.places.config, own_layer(out_.places.config));
            add_permanent_rules(out_.places.config);
        }
        if (!out_.workspace.empty()) add_workspace();
        if (const auto file = env("TENON_CONFIG"); !file.empty()) add_file(file, "TENON_CONFIG");
        if (overrides_.config) add_file(*overrides_.config, "--config");
        const auto environment_at = static_cast<std::ptrdiff_t>(out_.layers.size());
        add_entries(overrides_.options);
        add_entries(overrides_.defines);
        out_.layers.insert(out_.layers.begin() + environment_at, environment());
        add_more_plugin_folders();
        return std::move(out_);
    }

private:
    [[nodiscard]] std::string env(std::string_view name) const {
        return variable(sources_.environment, name);
    }

    void find_workspace() {
        if (!overrides_.workspace && sources_.cwd.empty()) {
            out_.no_workspace = sources_.cwd_problem;
            return;
        }
        const auto asked =
            given_path(overrides_.workspace.value_or(sources_.cwd), out_.places.home, sources_.cwd);
        if (!asked) {
            out_.errors.push_back(asked.error().while_doing("--workspace").message);
            return;
        }
        auto real = real_directory(*asked);
        if (real) {
            out_.workspace = *std::move(real);
        } else if (overrides_.workspace) {
            out_.errors.push_back("--workspace " + visible(asked->string()) + ": " +
                                  real.error().message);
        } else {
            out_.no_workspace =
                "the current directory " + visible(asked->string()) + ": " + real.error().message;
        }
    }

    /// Appends the layer of one file's bytes. Problems are errors or warnings, see LayerTrust.
    void add_layer(Layer layer, const std::filesystem::path& path, std::string_view bytes) {
        out_.files.push_back(path.string());
        auto& problems = layer.trust == LayerTrust::kOwn ? out_.errors : out_.warnings;
        auto parsed = parse_config(path, bytes);
        if (!parsed) {
            problems.push_back(parsed.error().message +
                               (layer.trust == LayerTrust::kOwn ? "" : "; it is ignored"));
            return;
        }
        problems.insert(problems.end(), parsed->problems.begin(), parsed->problems.end());
        out_.warnings.insert(out_.warnings.end(), parsed->warnings.begin(), parsed->warnings.end());
        layer.file = path.string();
        layer.entries = std::move(parsed->entries);
        layer.locks = std::move(parsed->locks);
        out_.layers.push_back(std::move(layer));
    }

    void warn_of_both(const FoundFile& found) {
        if (!found.hides_properties) return;
        out_.warnings.push_back(found.path.string() + ": read; tenon.properties beside it is not");
    }

    static Layer own_layer(const std::filesystem::path& folder) {
        return {LayerTrust::kOwn, {}, folder, folder, {}};
    }

    /// What the machine's files say of `~` must not depend on a variable that the user sets.
    [[nodiscard]] Layer layer_of_machine(const std::filesystem::path& folder) const {
        Layer layer = own_layer(folder);
        layer.may_lock = true;
        layer.home = out_.places.account_home;
        return layer;
    }

    void add_folder(const std::filesystem::path& folder, Layer layer) {
        const auto found = find_config_file(folder);
        if (!found) {
            out_.errors.push_back(found.error().message);
        } else if (*found) {
            warn_of_both(**found);
            add_layer(std::move(layer), (*found)->path, (*found)->bytes);
        }
    }

    /// The files beside the machine's own, which packages and tools for administration put there.
    void add_conf_d(const std::filesystem::path& system) {
        const auto folder = system / "conf.d";
        const auto files = files_of_conf_d(folder);
        if (!files) out_.errors.push_back(files.error().message);
        for (const auto& path : files ? files->skipped : std::vector<std::filesystem::path>())
            out_.warnings.push_back(path.string() +
                                    " is not read: names of settings end in .xml or .properties");
        for (const auto& path : files ? files->read : std::vector<std::filesystem::path>()) {
            const auto bytes = read_config_bytes(path);
            if (bytes) {
                add_layer(layer_of_machine(folder), path, *bytes);
            } else {
                out_.errors.push_back(bytes.error().message);
            }
        }
    }

    void warn_of_writers() {
        std::error_code failed;
        if (!std::filesystem::exists(sources_.system, failed)) return;
        struct stat above {};
        if (::stat(sources_.system.parent_path().c_str(), &above) != 0) return;
        std::vector<std::filesystem::path> paths = {sources_.system};
        if (std::filesystem::exists(sources_.system / "conf.d", failed))
            paths.push_back(sources_.system / "conf.d");
        paths.insert(paths.end(), out_.files.begin(), out_.files.end());
        for (const auto& path : paths)
            if (auto warning = warning_about_writers(path, above.st_uid))
                out_.warnings.push_back(*std::move(warning));
    }

    void add_end_of_machine() {
        Layer layer = layer_of_machine(sources_.system);
        layer.ends_machine = true;
        out_.layers.push_back(std::move(layer));
    }

    /// The rules that the answer `p` to a question has written.
    void add_permanent_rules(const std::filesystem::path& folder) {
        const auto path = folder / kRuleFile;
        std::error_code failed;
        if (std::filesystem::symlink_status(path, failed).type() ==
            std::filesystem::file_type::not_found)
            return;
        const auto bytes = read_config_bytes(path);
        if (!bytes) {
            out_.errors.push_back(bytes.error().message);
            return;
        }
        add_layer(own_layer(folder), path, *bytes);
    }

    void add_workspace() {
        const auto found = find_workspace_config_file(out_.workspace);
        if (!found) {
            out_.warnings.push_back(found.error().message + "; it is ignored");
            return;
        }
        if (!*found) return;
        warn_of_both(**found);
        add_layer({trust_of(**found), {}, out_.workspace, out_.workspace, {}}, (*found)->path,
                  (*found)->bytes);
    }

    LayerTrust trust_of(const FoundFile& file) {
        const auto trust = trust_in(out_.places.state, out_.workspace, file);
        if (!trust) {
            out_.warnings.push_back(trust.error().message + "; the workspace is not trusted");
            return LayerTrust::kUntrusted;
        }
        if (*trust == Trust::kTrusted) return LayerTrust::kTrusted;
        if (*trust == Trust::kChanged) {
            out_.warnings.push_back(file.path.string() +
                                    ": changed since it was trusted; see it and say yes again with "
                                    "'tenon config trust'");
        }
        return LayerTrust::kUntrusted;
    }

    /// A file that somebody named: it must exist.
    void add_file(const std::filesystem::path& name, const std::string& named_by) {
        const auto path = given_path(name, out_.places.home, sources_.cwd);
        const auto bytes = path ? read_config_bytes(*path) : path.error();
        if (!bytes) {
            out_.errors.push_back(named_by + ": " + bytes.error().message);
            return;
        }
        const auto folder = path->parent_path();
        add_layer(own_layer(folder), *path, *bytes);
    }

    [[nodiscard]] Layer unnamed_layer(LayerTrust trust = LayerTrust::kOwn) const {
        const auto& base = sources_.cwd.empty() ? out_.workspace : sources_.cwd;
        return {trust, {}, base, out_.workspace, {}};
    }

    void add_entries(const std::vector<ConfigEntry>& entries) {
        Layer layer = unnamed_layer();
        layer.entries = entries;
        out_.layers.push_back(std::move(layer));
    }

    /// The defaults, also a proxy of the environment and the model of the workspace's .env.
    void add_defaults() {
        Layer layer = unnamed_layer(LayerTrust::kBuiltIn);
        for (const KeySpec& spec : setting_keys()) {
            if (auto text = default_of(spec); !text.empty())
                layer.entries.push_back({std::string(spec.key), std::move(text), "default"});
        }
        // The host's own plugins are found first, so that no other takes the id of one.
        for (const std::filesystem::path& folder :
             {sources_.prefix / "lib/tenon/plugins", sources_.prefix / "lib/tenon/plugins.d",
              std::filesystem::path("/usr/local/lib/tenon/plugins")})
            add_plugin_folder(layer, folder, "default");
        if (!out_.places.data.empty()) add_plugins_of_user(layer);
        if (!add_variable(layer, "model.proxy", "HTTPS_PROXY"))
            add_variable(layer, "model.proxy", "https_proxy");
        const auto model = out_.dotenv.values.find("MODEL_ID");
        if (model != out_.dotenv.values.end() &&
            parse_value(*find_key("model.name"), model->second)) {
            layer.entries.push_back(
                {"model.name", model->second, (out_.workspace / ".env").string() + ": MODEL_ID"});
        }
        out_.layers.push_back(std::move(layer));
    }

    void add_plugins_of_user(Layer& layer) {
        const auto folder = out_.places.data / "plugins";
        const auto is_it = [&](const ConfigEntry& e) { return e.value == folder.string(); };
        if (std::none_of(layer.entries.begin(), layer.entries.end(), is_it))
            out_.user_plugins = folder;
        add_plugin_folder(layer, folder, "default");
    }

    /// A directory in which plugins are searched. One that cannot be made absolute is an error.
    void add_plugin_folder(Layer& layer, const std::filesystem::path& folder, const char* origin) {
        const auto path = given_path(folder, out_.places.home, sources_.cwd);
        if (path) {
            layer.entries.push_back({"plugins.path", path->string(), origin});
        } else {
            out_.errors.push_back(path.error().while_doing(origin).message);
        }
    }

    /// These are searched after the others, whichever layer names those.
    void add_more_plugin_folders() {
        Layer layer = unnamed_layer(LayerTrust::kBuiltIn);
        const std::string more = env("TENON_PLUGIN_PATH");
        for (std::string_view rest = more; !rest.empty();) {
            const auto end = std::min(rest.find(':'), rest.size());
            if (end > 0) add_plugin_folder(layer, rest.substr(0, end), "TENON_PLUGIN_PATH");
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        for (const auto& folder : overrides_.plugin_dirs)
            add_plugin_folder(layer, folder, "--plugin-dir");
        out_.layers.push_back(std::move(layer));
    }

    /// False: the variable is not set.
    bool add_variable(Layer& layer, const char* key, const char* name) const {
        auto value = env(name);
        if (value.empty()) return false;
        layer.entries.push_back({key, std::move(value), name});
        return true;
    }

    /// The provider according to all other layers: the base URL of the environment is for one.
    [[nodiscard]] std::string provider() const {
        constexpr std::string_view kKey = "model.provider";
        std::string out;
        for (const Layer& layer : out_.layers) {
            if (layer.trust == LayerTrust::kUntrusted) continue;
            for (const ConfigEntry& entry : layer.entries) {
                if (entry.key == kKey) out = entry.value;
            }
            const auto is_on_it = [&](const ConfigLock& l) { return is_in_section(kKey, l.key); };
            if (layer.may_lock && std::any_of(layer.locks.begin(), layer.locks.end(), is_on_it))
                break;
        }
        return out;
    }

    [[nodiscard]] Layer environment() const {
        Layer layer = unnamed_layer();
        if (!add_variable(layer, "model.name", "TENON_MODEL"))
            add_variable(layer, "model.name", "MODEL_ID");
        add_variable(layer, "model.baseUrl", base_url_variable(provider()));
        add_variable(layer, "model.caFile", "SSL_CERT_FILE");
        return layer;
    }

    const Sources& sources_;
    const Overrides& overrides_;
    Layers out_;
};

}  // namespace

Layers collect_layers(const Sources& sources, const Overrides& overrides) {
    return Collector(sources, overrides).collect();
}

}  // namespace tenon::config
