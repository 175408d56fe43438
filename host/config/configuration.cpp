#include "host/config/configuration.h"

#include <algorithm>
#include <map>
#include <utility>

#include <Poco/URI.h>

#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/config/layers.h"
#include "host/config/sandbox_settings.h"
#include "host/config/state_dir.h"
#include "host/config/table_views.h"

namespace tenon::config {
namespace {

struct KeyVariable {
    const char* name;
    std::string Credentials::*key;
};
constexpr KeyVariable kKeyVariables[] = {{"ANTHROPIC_API_KEY", &Credentials::anthropic},
                                         {"OPENAI_API_KEY", &Credentials::openai}};

/// The variable with the hosts that a proxy is not for.
const char* no_proxy_name(const Environment& environment) {
    return variable(environment, "NO_PROXY").empty() ? "no_proxy" : "NO_PROXY";
}

bool is_word(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
    });
}

class Examination {
public:
    Examination(const Sources& sources, const Overrides& overrides)
        : sources_(sources),
          overrides_(overrides),
          layers_(collect_layers(sources, overrides)),
          dotenv_file_((layers_.workspace / ".env").string()) {}

    Configuration run() &&;

private:
    void make_table();
    void hold_in_both_homes(std::vector<RuleText>& rules) const;
    void leave_out_plugins_of_user();
    void take_keys();
    void take_credentials_of_headers();
    void take_credentials_of_addresses();
    void take_password(std::string_view key, const std::string& address);
    void choose_key_origin();
    void note_unused_variables();
    void check_fallbacks();
    void take_yes();
    void take_network_variables();
    [[nodiscard]] std::string left_out(const std::string& what, const char* key) const;
    void take_paths();
    void take_state_dir();
    void take_add_dir(const std::filesystem::path& name);
    void report_missing_plugin_folders();
    std::filesystem::path named_path(const std::filesystem::path& name, const char* named_by);
    [[nodiscard]] Result<std::filesystem::path> absolute(const std::filesystem::path& name) const {
        return given_path(name, layers_.places.home, sources_.cwd);
    }

    const Sources& sources_;
    const Overrides& overrides_;
    Layers layers_;
    const std::string dotenv_file_;
    Configuration out_;
};

Configuration Examination::run() && {
    make_table();
    leave_out_plugins_of_user();
    take_keys();
    out_.settings = settings_of(out_.table);
    take_credentials_of_headers();
    take_credentials_of_addresses();
    choose_key_origin();
    note_unused_variables();
    check_fallbacks();
    hold_in_both_homes(out_.settings.permissions.deny);
    hold_in_both_homes(out_.settings.permissions.ask);
    take_yes();
    take_network_variables();
    take_paths();
    report_missing_plugin_folders();
    take_sandbox(sources_.system, layers_.places.data, out_);
    return std::move(out_);
}

void Examination::make_table() {
    out_.errors = std::move(layers_.errors);
    out_.no_workspace = std::move(layers_.no_workspace);
    out_.warnings = std::move(layers_.warnings);
    out_.files = std::move(layers_.files);
    out_.table = Table(layers_.places.home, sources_.check_rule);
    for (const Layer& layer : layers_.layers)
        out_.table.add(layer, out_.errors, out_.warnings);
    out_.warnings.insert(out_.warnings.end(), layers_.dotenv.warnings.begin(),
                         layers_.dotenv.warnings.end());
}

/// What is forbidden below `~` must not become free with another $HOME, nor in the one that is
/// used.
void Examination::hold_in_both_homes(std::vector<RuleText>& rules) const {
    const Places& places = layers_.places;
    if (places.home == places.account_home) return;
    std::vector<RuleText> more;
    for (const RuleText& rule : rules) {
        if (rule.text.find("(~") == std::string::npos) continue;
        more.push_back(rule);
        more.back().home = rule.home == places.home ? places.account_home : places.home;
    }
    rules.insert(rules.end(), more.begin(), more.end());
}

/// A variable says where the user's own directory is, so where plugins.path is locked it is
/// searched only when the machine's files name it.
void Examination::leave_out_plugins_of_user() {
    const std::filesystem::path& folder = layers_.user_plugins;
    if (folder.empty() || !out_.table.leave_out_default("plugins.path", folder.string())) return;
    std::error_code failed;
    const std::filesystem::directory_iterator entries(folder, failed);
    const std::string warning = left_out(visible(folder.string()), "plugins.path");
    if (!failed && entries != std::filesystem::directory_iterator())
        out_.warnings.push_back(warning + "; no plugins are loaded from it");
}

/// The keys of the environment, and where it has none, those of the workspace's .env.
void Examination::take_keys() {
    for (const auto& [name, key] : kKeyVariables) {
        auto given = clean_key(name, sources_.credentials.*key);
        if (!given) {
            out_.errors.push_back(given.error().message);
            continue;
        }
        out_.credentials.*key = *given;
        if (!given->empty())
            out_.credentials.origins[name] = std::string(name) + " of the environment";
        const auto in_file = layers_.dotenv.values.find(name);
        if (!given->empty() || in_file == layers_.dotenv.values.end()) continue;
        if (auto found = clean_key(name, in_file->second)) {
            out_.credentials.*key = *found;
            out_.credentials.origins[name] = std::string(name) + " in " + dotenv_file_;
            out_.notices.push_back(std::string("using ") + name + " from " + dotenv_file_);
        } else {
            out_.warnings.push_back(dotenv_file_ + ": " + found.error().message +
                                    "; it is ignored");
        }
    }
    const Setting* model = out_.table.find("model.name");
    if (model != nullptr && model->origin == dotenv_file_ + ": MODEL_ID")
        out_.notices.push_back("using MODEL_ID=" + visible(model->text) + " from " + dotenv_file_);
}

/// A field such as Authorization or Cookie: its value, each of its parts ("a=x; b=y"), and what
/// follows a name or the scheme in them.
void Examination::take_credentials_of_headers() {
    std::vector<std::string>& out = out_.credentials.in_settings;
    for (const auto& [name, value] : out_.settings.model.headers) {
        if (!is_credential_header(name)) continue;
        out.push_back(value);
        for (std::string_view rest = value; !rest.empty();) {
            const auto end = rest.find_first_of(";,");
            const std::string_view part = utf8::trimmed(rest.substr(0, end));
            rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
            out.emplace_back(part);
            for (const auto at : {part.rfind(' '), part.find('=')}) {
                if (at != part.npos) out.emplace_back(part.substr(at + 1));
            }
        }
    }
}

/// Also of those that another layer has replaced, since commands inherit the variables.
void Examination::take_credentials_of_addresses() {
    for (const Layer& layer : layers_.layers) {
        for (const ConfigEntry& entry : layer.entries)
            if (is_address(entry.key)) take_password(entry.key, entry.value);
    }
    constexpr std::pair<const char*, const char*> kVariables[] = {
        {"model.baseUrl", "ANTHROPIC_BASE_URL"},
        {"model.baseUrl", "OPENAI_BASE_URL"},
        {"model.proxy", "HTTPS_PROXY"},
        {"model.proxy", "https_proxy"}};
    for (const auto& [key, name] : kVariables)
        take_password(key, variable(sources_.environment, name));
}

/// As it is written, and decoded.
void Examination::take_password(std::string_view key, const std::string& address) {
    const UserOfAddress user = user_of_address(key, address);
    const std::string words = address.substr(user.begin, user.end - user.begin);
    const auto colon = words.find(':');
    // A password that may be a word of an ordinary text cannot be taken out of texts.
    if (colon == words.npos || is_word(words.substr(colon + 1))) return;
    std::vector<std::string>& out = out_.credentials.in_settings;
    out.push_back(words.substr(colon + 1));
    try {
        std::string decoded;
        Poco::URI::decode(out.back(), decoded);
        out.push_back(std::move(decoded));
    } catch (const Poco::URISyntaxException&) {  // its text would show the password
        return;
    }
}

/// A field of the configuration takes the place of that with the key.
void Examination::choose_key_origin() {
    Settings::Model& model = out_.settings.model;
    if (model.auth != "none") model.key_origin = out_.credentials.origin_of(model.provider);
    for (const auto& [key, values] : out_.table.all()) {
        const auto header = header_of_key(key);
        if (header && carries_key(*header))
            model.key_origin = key + " (" + values.front().origin + ")";
    }
}

/// A run that lacks its own key says what is there for another provider.
void Examination::note_unused_variables() {
    Settings::Model& model = out_.settings.model;
    if (out_.table.locks().on("model.provider") != nullptr) return;
    const std::string other = other_vendor(model.provider);
    if (!out_.credentials.key_of(other).empty())
        model.unused_variables.emplace_back(key_variable(other));
    if (!variable(sources_.environment, base_url_variable(other)).empty())
        model.unused_variables.emplace_back(base_url_variable(other));
}

void Examination::check_fallbacks() {
    for (const auto& [key, values] : out_.table.all()) {
        const auto fallback = fallback_key(key);
        if (!fallback) continue;
        const std::string name = name_of_fallback(fallback->number);
        if (out_.table.find(name) == nullptr)
            out_.errors.push_back(values.front().origin + ": " + key + " is set, and " + name +
                                  " is not; each fallback model needs a name");
    }
}

/// --yes answers wherever the mode or an ask rule would ask.
void Examination::take_yes() {
    Settings::Permissions& permissions = out_.settings.permissions;
    permissions.yes =
        overrides_.yes && permissions.mode_lock.empty() && permissions.ask_lock.empty();
    if (!overrides_.yes || permissions.yes) return;
    const bool by_mode = !permissions.mode_lock.empty();
    out_.warnings.push_back(
        std::string("--yes is left out: permissions.") +
        (by_mode ? "mode is locked by " + permissions.mode_lock
                 : "ask is locked by " + permissions.ask_lock) +
        "; " +
        (by_mode ? in_quotes(permissions.mode) + " stays in force" : "its rules stay in force"));
}

/// The beginning of a warning about what would loosen a locked key, but sets no key.
std::string Examination::left_out(const std::string& what, const char* key) const {
    const ConfigLock* lock = out_.table.locks().on(key);
    return lock == nullptr
               ? std::string()
               : what + " is left out: " + visible(lock->key) + " is locked by " + lock->origin;
}

/// What other programs read as well, and no key sets.
void Examination::take_network_variables() {
    Settings::Model& model = out_.settings.model;
    const char* name = no_proxy_name(sources_.environment);
    model.no_proxy = variable(sources_.environment, name);
    std::string warning = model.proxy.empty() ? "" : left_out(name, "model.proxy");
    if (!model.no_proxy.empty() && !warning.empty()) {
        model.no_proxy.clear();
        out_.warnings.push_back(warning + "; every host is reached through the proxy");
    }
    warning = left_out("SSL_CERT_DIR", "model.caFile");
    if (!warning.empty() && model.ca_file.empty() &&
        !variable(sources_.environment, "SSL_CERT_DIR").empty())
        out_.warnings.push_back(warning + "; the default stays in force");
}

/// A path that an option or a variable gives. Where it cannot be made absolute, an error says so.
std::filesystem::path Examination::named_path(const std::filesystem::path& name,
                                              const char* named_by) {
    auto path = absolute(name);
    if (path) return *std::move(path);
    out_.errors.push_back(path.error().while_doing(named_by).message);
    return {};
}

/// What no key sets.
void Examination::take_paths() {
    Settings& settings = out_.settings;
    settings.workspace = layers_.workspace;
    settings.prefix = sources_.prefix;
    settings.home = layers_.places.home;
    settings.account_home = layers_.places.account_home;
    settings.config_dir = layers_.places.config;
    settings.plugins.allow_file = sources_.system / "plugins.allow";
    take_state_dir();
    for (const auto& name : overrides_.add_dirs)
        take_add_dir(name);
    if (overrides_.replay) settings.model.replay_file = named_path(*overrides_.replay, "--replay");
    if (overrides_.record) settings.model.record_file = named_path(*overrides_.record, "--record");
}

void Examination::take_state_dir() {
    const auto& state = layers_.places.state;
    out_.settings.state_dir = state;
    if (!state.empty()) {
        if (auto fine = check_state_dir(state); !fine) out_.errors.push_back(fine.error().message);
    } else if (const auto set = variable(sources_.environment, "TENON_STATE_DIR"); !set.empty()) {
        (void)named_path(set, "TENON_STATE_DIR");
    } else {
        out_.errors.emplace_back("there is no directory for state; set HOME or TENON_STATE_DIR");
    }
}

void Examination::take_add_dir(const std::filesystem::path& name) {
    auto path = absolute(name);
    if (path) {
        path = real_directory(*path);
        if (!path) path = path.error().while_doing(name.string());
    }
    if (!path) {
        out_.errors.push_back("--add-dir " + visible(path.error().message));
        return;
    }
    // Commands may write there, as in a directory of sandbox.write.
    const Settings& now = out_.settings;
    const bool widens = now.sandbox.mode == "workspace" && now.permissions.mode != "plan";
    const std::string warning =
        widens ? left_out("--add-dir " + visible(path->string()), "sandbox.write") : "";
    if (warning.empty()) {
        out_.settings.add_dirs.push_back(*std::move(path));
    } else {
        out_.warnings.push_back(warning + "; the list stays as it is");
    }
}

/// The built-in ones may be missing. One of --plugin-dir must not be, which a run checks.
void Examination::report_missing_plugin_folders() {
    for (const Setting& folder : out_.table.list("plugins.path")) {
        if (folder.origin == "default" || folder.origin == "--plugin-dir") continue;
        std::error_code failed;
        const auto status = std::filesystem::status(folder.value.text, failed);
        if (std::filesystem::is_directory(status)) continue;
        out_.warnings.push_back(folder.origin + (folder.built_in ? ": " : ": plugins.path: ") +
                                visible(folder.value.text) +
                                (std::filesystem::exists(status) ? " is no directory"
                                 : std::filesystem::status_known(status)
                                     ? " is not there; no plugins are loaded from it"
                                     : " cannot be searched for plugins: " + failed.message()));
    }
}

Result<Configuration> without_errors(Configuration found) {
    if (!found.no_workspace.empty()) found.errors.insert(found.errors.begin(), found.no_workspace);
    if (found.errors.empty()) return found;
    std::string all;
    for (const std::string& error : found.errors)
        all += (all.empty() ? "" : "\n") + error;
    return Error{std::move(all)};
}

}  // namespace

Sources process_sources(std::filesystem::path prefix, const StartDirectory& start) {
    Sources out;
    out.credentials = take_credentials();
    out.environment = process_environment();
    out.account_home = home_of_account();
    out.prefix = std::move(prefix);
    out.cwd = start.path;
    out.cwd_problem = start.problem;
    return out;
}

Configuration examine(const Sources& sources, const Overrides& overrides) {
    return Examination(sources, overrides).run();
}

Result<Configuration> load_to_read(const Sources& sources, const Overrides& overrides) {
    return without_errors(examine(sources, overrides));
}

Result<Configuration> load(const Sources& sources, const Overrides& overrides) {
    Configuration found = examine(sources, overrides);
    if (auto refusal = refusal_to_run(found); !refusal.empty())
        found.errors.push_back(std::move(refusal));
    return without_errors(std::move(found));
}

std::string refusal_to_run(const Configuration& found) {
    if (found.unsafe_workspace.empty()) return {};
    return found.unsafe_workspace + "; " + kSaferWorkspace;
}

}  // namespace tenon::config
