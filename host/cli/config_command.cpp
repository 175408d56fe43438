#include <algorithm>
#include <array>
#include <unistd.h>

#include "host/base/json.h"
#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/cli/commands.h"
#include "host/cli/plugin_check.h"
#include "host/cli/standard_input.h"
#include "host/config/agent_files.h"
#include "host/config/config_file.h"
#include "host/config/state_dir.h"
#include "host/config/table_views.h"
#include "host/config/trust.h"
#include "host/config/workspace_plugins.h"

namespace tenon::cli {
namespace {

constexpr std::array kConfigOptions = {
    OptionSpec{0, "json", "",
               "show: one JSON array of key, value, origin and, where it is locked, the lock"},
    OptionSpec{0, "yes", "", "trust: without asking"},
};

// clang-format off
constexpr std::array kConfigVerbs = {
    VerbSpec{"show", {"json"}, 0, 0, {}, "every setting, its value and where it comes from"},
    VerbSpec{"check", {}, 0, 0, {}, "read the configuration files and report what is wrong"},
    VerbSpec{"trust", {"yes"}, 0, 0, {}, "show what a workspace configures, and trust it as it is"},
};
// clang-format on

void print_lines(const Console& console, const std::string& prefix,
                 const std::vector<std::string>& lines) {
    for (const std::string& line : lines)
        console.err << "tenon: " << prefix << visible(line) << '\n';
}

int fail(const Console& console, const std::vector<std::string>& lines, int code) {
    print_lines(console, "error: ", lines);
    return code;
}

/// Prints warnings and errors. A missing workspace is no error here, since the other layers can
/// still be shown.
void report_problems(const config::Configuration& found, const Console& console) {
    if (!found.no_workspace.empty()) {
        print_lines(console,
                    "warning: ", {found.no_workspace + "; what a workspace says is left out"});
    }
    print_lines(console, "warning: ", found.warnings);
    print_lines(console, "error: ", found.errors);
}

// ---------------------------------------------------------------- show

std::string pad_value(const std::string& text, std::size_t width) {
    const std::size_t length = utf8::length(text);
    return length < width ? text + std::string(width - length, ' ') : text;
}

void show_table(const std::vector<config::ShownSetting>& settings, std::ostream& out) {
    constexpr std::size_t kWidestValue = 48;
    std::vector<std::array<std::string, 3>> rows;
    std::array<std::size_t, 2> widths{};
    for (const config::ShownSetting& setting : settings) {
        rows.push_back(
            {visible(setting.key),
             setting.value.empty() ? "(" + setting.otherwise + ")" : visible(setting.value),
             visible(setting.origin) +
                 (setting.lock.empty() ? "" : ", locked by " + visible(setting.lock))});
        for (std::size_t i = 0; i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], std::min(utf8::length(rows.back()[i]), kWidestValue));
        }
    }
    for (const auto& row : rows)
        out << pad_value(row[0], widths[0]) << "  " << pad_value(row[1], widths[1]) << "  "
            << row[2] << '\n';
}

void show_json(const std::vector<config::ShownSetting>& settings, const Console& console) {
    Json array = Json::array();
    for (const config::ShownSetting& setting : settings) {
        array.push_back({{"key", setting.key},
                         {"value", setting.value.empty() ? Json() : Json(setting.value)},
                         {"origin", setting.origin}});
        if (!setting.lock.empty()) array.back()["locked"] = setting.lock;
    }
    print_json(console, dump_json(array));
}

int show_config(const config::Configuration& found, bool json, const Console& console) {
    report_problems(found, console);
    if (!found.unsafe_workspace.empty())
        print_lines(console, "warning: ", {config::refusal_to_run(found)});
    if (!found.errors.empty()) return kExitUsage;
    const auto settings = config::shown_settings(found.table);
    if (json) {
        show_json(settings, console);
    } else {
        show_table(settings, console.out);
    }
    return 0;
}

// ---------------------------------------------------------------- check

int check_config(const config::Configuration& found, const Console& console) {
    report_problems(found, console);
    for (const std::string& file : found.files)
        console.out << "read " << visible(file) << '\n';
    if (!found.unsafe_workspace.empty())
        return fail(console, {config::refusal_to_run(found)}, kExitUsage);
    if (!found.errors.empty()) return kExitUsage;
    print_lines(console, "warning: ", doubtful_settings_of_plugins(found.settings));
    console.out << "ok\n";
    return 0;
}

// ---------------------------------------------------------------- trust

/// Prints what the file sets, key by key, and what of it will not be used.
void show_effect(const config::Settings& settings, config::RuleCheck check_rule,
                 const config::FoundFile& file, config::ConfigFile parsed, const Console& console) {
    console.out << "It sets:\n";
    for (const config::ConfigEntry& entry : parsed.entries) {
        console.out << "  " << visible(entry.key) << " = "
                    << visible(config::shown_value(entry.key, entry.value)) << '\n';
    }
    std::vector<std::string> problems = std::move(parsed.problems);
    problems.insert(problems.end(), parsed.warnings.begin(), parsed.warnings.end());
    config::Table table(settings.home, check_rule);
    table.add({config::LayerTrust::kTrusted, file.path.string(), settings.workspace,
               settings.workspace, std::move(parsed.entries), std::move(parsed.locks)},
              problems, problems);
    for (const std::string& problem : problems)
        console.out << "  " << visible(problem) << '\n';
}

/// Prints the unchanged bytes under the file's name.
void show_bytes(const std::filesystem::path& path, const std::string& bytes,
                const Console& console) {
    console.out << visible(path.string()) << ":\n\n" << visible(bytes, true);
    if (!bytes.ends_with('\n')) console.out << '\n';
}

bool show_file(const config::Settings& settings, config::RuleCheck check_rule,
               const std::optional<config::FoundFile>& file, const Console& console) {
    if (!file) {
        console.out << visible(settings.workspace.string())
                    << " has no .tenon/tenon.xml and no .tenon/tenon.properties. Trust holds until "
                       "it has one.\n";
        return true;
    }
    auto parsed = config::parse_config(file->path, file->bytes);
    if (!parsed) {
        print_lines(console, "error: ", {parsed.error().message});
        return false;
    }
    show_bytes(file->path, file->bytes, console);
    console.out << '\n';
    show_effect(settings, check_rule, *file, *std::move(parsed), console);
    return true;
}

/// Prints every file of a directory with its hash, and the texts that a model would read. Only what
/// can be trusted is recorded.
void show_plugin_tree(const config::PluginTree& tree, const Console& console) {
    console.out << visible(tree.path.string()) << "/";
    if (!tree.problem.empty()) {
        console.out << " cannot be trusted: " << visible(tree.problem) << '\n';
        return;
    }
    console.out << " (SHA-256 of each file):\n\n";
    for (const config::PluginTree::File& file : tree.files) {
        console.out << "  " << file.sha256 << "  " << visible(file.name)
                    << (file.is_link ? " (a symbolic link)" : "") << '\n';
    }
    for (const config::PluginTree::File& file : tree.files) {
        if (file.text.empty()) continue;
        console.out << '\n';
        show_bytes(tree.path / file.name, file.text, console);
    }
}

/// What of a workspace needs trust.
struct NeedsTrust {
    std::optional<config::FoundFile> file;
    std::vector<config::AgentFile> agents;
    std::vector<config::PluginTree> plugins;
};

/// Whether everything of the workspace that needs trust is trusted.
bool is_trusted(const std::filesystem::path& state_dir, const std::filesystem::path& workspace,
                const NeedsTrust& found) {
    const auto& [file, agents, plugins] = found;
    const auto trust = config::trust_in(state_dir, workspace, file);
    const auto trusted = config::trusted_agents(state_dir, workspace);
    const auto trusted_plugins = config::trusted_plugins(state_dir, workspace);
    return trust && *trust == config::Trust::kTrusted && trusted && trusted_plugins &&
           std::all_of(agents.begin(), agents.end(),
                       [&](const config::AgentFile& agent) { return trusted->covers(agent); }) &&
           std::all_of(plugins.begin(), plugins.end(), [&](const config::PluginTree& tree) {
               return !tree.problem.empty() || trusted_plugins->covers(tree);
           });
}

bool ask_for_trust(const std::filesystem::path& workspace, const Console& console) {
    console.out.flush();
    return ask_yes_no("Trust " + workspace.string() + "?", console.err, console.input);
}

int trust_workspace(const config::Configuration& found, config::RuleCheck check_rule, bool yes,
                    const Console& console) {
    const config::Settings& settings = found.settings;
    const auto& workspace = settings.workspace;
    const auto& state_dir = settings.state_dir;
    if (!found.no_workspace.empty()) return fail(console, {found.no_workspace}, kExitUsage);
    if (workspace.empty() || state_dir.empty()) return fail(console, found.errors, kExitUsage);
    if (auto fine = config::check_state_dir(state_dir); !fine)
        return fail(console, {fine.error().message}, kExitUsage);
    // The same bytes are shown, hashed and recorded, so they are read only once.
    const auto file = config::find_workspace_config_file(workspace);
    if (!file) return fail(console, {file.error().message}, kExitUsage);
    const config::AgentFiles agents = config::read_agent_files(
        config::agent_folders(workspace, settings.home, settings.config_dir).of_workspace);
    print_lines(console, "warning: ", agents.problems);
    const NeedsTrust needs{*file, agents.files, config::read_plugin_trees(workspace)};
    if (is_trusted(state_dir, workspace, needs)) {
        console.out << visible(workspace.string()) << " is trusted already, as it is.\n";
        return 0;
    }
    if (!show_file(settings, check_rule, *file, console)) return kExitUsage;
    for (const config::AgentFile& agent : agents.files) {
        console.out << '\n';
        show_bytes(agent.path, agent.bytes, console);
    }
    for (const config::PluginTree& tree : needs.plugins) {
        console.out << '\n';
        show_plugin_tree(tree, console);
    }
    if (!yes && ::isatty(console.input) == 0) {
        return fail(console, {"there is no terminal to ask on; tenon config trust --yes says yes"},
                    kExitUsage);
    }
    if (!yes && !ask_for_trust(workspace, console)) {
        console.err << "Not trusted.\n";
        return kExitFailed;
    }
    if (auto recorded =
            config::record_trust(state_dir, workspace, *file, agents.files, needs.plugins);
        !recorded) {
        return fail(console, {recorded.error().message}, kExitFailed);
    }
    console.out << "Trusted, as it is now.\n";
    return 0;
}

}  // namespace

constinit const CommandSpec kConfigCommand{
    "tenon config",
    "show [--json]\ncheck\ntrust [--yes]",
    "Shows what is configured and where it comes from; checks the configuration files; and records "
    "trust in a workspace's configuration, of which otherwise only harmless keys are used, and in "
    "its agent definitions and plugin directories, which otherwise are not used.",
    kConfigOptions,
    "Exit: 0 done; 1 trust was refused or could not be recorded; 2 usage, or an error in the "
    "configuration.\n",
    "show, check and trust configuration",
    kConfigVerbs};

int run_config(Options options, const config::Sources& sources, const Console& console) {
    const auto arguments = parse_command(kConfigCommand, options);
    if (!arguments) return complain(console, arguments.error().message, kExitUsage);
    if (options.help) {
        console.out << command_help(kConfigCommand);
        return 0;
    }
    const auto known = find_verb(kConfigCommand, *arguments);
    if (!known) return complain(console, known.error().message, kExitUsage);
    const std::string_view verb = (*known)->name;
    const config::Configuration found = config::examine(sources, overrides_of(options));
    if (verb == "show") return finish(console, show_config(found, arguments->has("json"), console));
    if (verb == "check") return finish(console, check_config(found, console));
    return finish(console, trust_workspace(found, sources.check_rule,
                                           options.yes || arguments->has("yes"), console));
}

}  // namespace tenon::cli
