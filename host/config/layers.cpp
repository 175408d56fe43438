#include "host/config/layers.h"

#include <algorithm>

#include "host/base/untrusted.h"
#include "host/config/rule_file.h"
#include "host/config/settings_keys.h"
#include "host/config/trust.h"

namespace tenon::config {
namespace {

class Collector {
public:
    Collector(const Sources& sources, const Overrides& overrides)
        : sources_(sources), overrides_(overrides) {
        out_.places = places_of(sources.environment, sources.cwd);
    }

    Layers collect() && {
        find_workspace();
        add_folder(sources_.system);
        if (!out_.places.config.empty()) {
            add_folder(out_.places.config);
            add_permanent_rules(out_.places.config);
        }
        if (!out_.workspace.empty()) add_workspace();
        if (const auto file = env("TENON_CONFIG"); !file.empty()) add_file(file, "TENON_CONFIG");
        if (overrides_.config) add_file(*overrides_.config, "--config");
        const std::size_t environment_rank = out_.layers.size();
        add_options();
        add_defines();
        add_environment(environment_rank);
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
        std::error_code error;
        auto real = std::filesystem::canonical(*asked, error);
        if (!error && !std::filesystem::is_directory(real, error) && !error) {
            error = std::make_error_code(std::errc::not_a_directory);
        }
        if (!error) {
            out_.workspace = std::move(real);
        } else if (overrides_.workspace) {
            out_.errors.push_back("--workspace " + visible(asked->string()) + ": " +
                                  error.message());
        } else {
            out_.no_workspace =
                "the current directory " + visible(asked->string()) + ": " + error.message();
        }
    }

    /// Appends the layer of one file's bytes. Problems are the standing's: errors, or warnings.
    void add_layer(Layer layer, const std::filesystem::path& path, std::string_view bytes) {
        out_.files.push_back(path.string());
        auto& problems = layer.standing == Standing::kFull ? out_.errors : out_.warnings;
        auto parsed = parse_config(path, bytes);
        if (!parsed) {
            problems.push_back(parsed.error().message +
                               (layer.standing == Standing::kFull ? "" : "; it is ignored"));
            return;
        }
        problems.insert(problems.end(), parsed->problems.begin(), parsed->problems.end());
        out_.warnings.insert(out_.warnings.end(), parsed->warnings.begin(), parsed->warnings.end());
        layer.file = path.string();
        layer.entries = std::move(parsed->entries);
        out_.layers.push_back(std::move(layer));
    }

    void warn_of_both(const FoundFile& found) {
        if (!found.hides_properties) return;
        out_.warnings.push_back(found.path.string() + ": read; tenon.properties beside it is not");
    }

    void add_folder(const std::filesystem::path& folder) {
        const auto found = find_config_file(folder);
        if (!found) {
            out_.errors.push_back(found.error().message);
        } else if (*found) {
            warn_of_both(**found);
            add_layer({Standing::kFull, {}, folder, folder, {}}, (*found)->path, (*found)->bytes);
        }
    }

    /// What the answer `p` has written.
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
        add_layer({Standing::kFull, {}, folder, folder, {}}, path, *bytes);
    }

    void add_workspace() {
        const auto found = find_workspace_config_file(out_.workspace);
        if (!found) {
            out_.warnings.push_back(found.error().message + "; it is ignored");
            return;
        }
        if (!*found) return;
        warn_of_both(**found);
        add_layer({standing_of(**found), {}, out_.workspace, out_.workspace, {}}, (*found)->path,
                  (*found)->bytes);
    }

    Standing standing_of(const FoundFile& file) {
        const auto trust = trust_in(out_.places.state, out_.workspace, file);
        if (!trust) {
            out_.warnings.push_back(trust.error().message + "; the workspace is not trusted");
            return Standing::kStranger;
        }
        if (*trust == Trust::kTrusted) return Standing::kTrusted;
        if (*trust == Trust::kChanged) {
            out_.warnings.push_back(file.path.string() +
                                    ": changed since it was trusted; see it and say yes again with "
                                    "'tenon config trust'");
        }
        return Standing::kStranger;
    }

    /// A file that somebody named: it has to be there.
    void add_file(const std::filesystem::path& name, const std::string& named_by) {
        const auto path = given_path(name, out_.places.home, sources_.cwd);
        const auto bytes = path ? read_config_bytes(*path) : path.error();
        if (!bytes) {
            out_.errors.push_back(named_by + ": " + bytes.error().message);
            return;
        }
        const auto folder = path->parent_path();
        add_layer({Standing::kFull, {}, folder, folder, {}}, *path, *bytes);
    }

    Layer own_layer() const {
        const auto& base = sources_.cwd.empty() ? out_.workspace : sources_.cwd;
        return {Standing::kFull, {}, base, out_.workspace, {}};
    }

    void add_options() {
        Layer layer = own_layer();
        layer.entries = overrides_.options;
        out_.layers.push_back(std::move(layer));
    }

    void add_defines() {
        Layer layer = own_layer();
        layer.entries = overrides_.defines;
        out_.layers.push_back(std::move(layer));
    }

    /// The provider that all other layers agree on: it says whose base URL counts.
    [[nodiscard]] std::string provider() const {
        std::string out(find_key("model.provider")->default_text);
        for (const Layer& layer : out_.layers) {
            if (layer.standing == Standing::kStranger) continue;
            for (const ConfigEntry& entry : layer.entries) {
                if (entry.key == "model.provider") out = entry.value;
            }
        }
        return out;
    }

    void add_environment(std::size_t rank) {
        Layer layer = own_layer();
        const auto add = [&](const char* key, const char* name) {
            auto value = env(name);
            if (value.empty()) return false;
            layer.entries.push_back({key, std::move(value), name});
            return true;
        };
        if (!add("model.name", "TENON_MODEL")) add("model.name", "MODEL_ID");
        add("model.baseUrl", provider() == "openai" ? "OPENAI_BASE_URL" : "ANTHROPIC_BASE_URL");
        add("model.caFile", "SSL_CERT_FILE");
        out_.layers.insert(out_.layers.begin() + static_cast<std::ptrdiff_t>(rank),
                           std::move(layer));
    }

    const Sources& sources_;
    const Overrides& overrides_;
    Layers out_;
};

}  // namespace

Layers collect_layers(const Sources& sources, const Overrides& overrides) {
    return Collector(sources, overrides).collect();
}

ListItem list_item(const std::string& key) {
    constexpr std::size_t kMaxDigits = 9;
    const auto dot = key.rfind('.');
    if (dot == std::string::npos) return {key};
    const std::string number = key.substr(dot + 1);
    if (number.empty() || number.size() > kMaxDigits ||
        number.find_first_not_of("0123456789") != std::string::npos) {
        return {key};
    }
    return {key.substr(0, dot), std::stol(number)};
}

}  // namespace tenon::config
