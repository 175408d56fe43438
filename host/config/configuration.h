#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/config/config_file.h"
#include "host/config/credentials.h"
#include "host/config/places.h"
#include "host/config/settings.h"
#include "host/config/start_directory.h"
#include "host/config/table.h"

namespace tenon::config {

/// What the command line says about the configuration. Paths are as typed.
struct Overrides {
    std::optional<std::filesystem::path> workspace;
    std::vector<std::filesystem::path> add_dirs, plugin_dirs;
    std::optional<std::filesystem::path> config;  ///< one more file
    std::optional<std::filesystem::path> replay, record;
    bool yes = false;
    std::vector<ConfigEntry> options;  ///< the options that set a key; the origin is the option
    std::vector<ConfigEntry> defines;  ///< those of -D, which are stronger
};

/// Everything that configuration is made from, besides the command line. Nothing else is read.
struct Sources {
    Environment environment;
    std::filesystem::path account_home;           ///< see home_of_account; empty: there is none
    Credentials credentials;                      ///< as take_credentials returned them
    std::filesystem::path prefix;                 ///< of this installation
    std::filesystem::path system = "/etc/tenon";  ///< the machine's configuration directory
    std::filesystem::path cwd;                    ///< absolute; empty: it no longer exists
    std::string cwd_problem;                      ///< why it is empty, for a person
    RuleCheck check_rule = nullptr;               ///< null: every rule is accepted
};

/// The sources of this process. Takes its credentials (see take_credentials) first.
Sources process_sources(std::filesystem::path prefix, const StartDirectory& start);

/// The whole configuration. `settings` and the lines of `tenon config show` (`shown_settings`) are
/// two views of `table`.
struct Configuration {
    Table table;
    Settings settings;
    Credentials credentials;            ///< of the environment, else of the workspace's .env
    std::vector<std::string> files;     ///< those that were read, weakest first
    std::vector<std::string> notices;   ///< for stderr: what was taken from .env
    std::vector<std::string> warnings;  ///< for stderr
    std::vector<std::string> errors;    ///< with any of them there can be no run
    /// Why there is no workspace, though nobody named a wrong one; empty: there is one, or `errors`
    /// say what is wrong. A command that needs a workspace prints this and exits with 2.
    std::string no_workspace;
    /// Why nothing may run in the workspace, though it can be read; empty: it may. A command that
    /// runs something prints this with `kSaferWorkspace` and exits with 2.
    std::string unsafe_workspace;
};

/// What to do about an unsafe workspace.
inline constexpr const char* kSaferWorkspace =
    "go into a project's directory, or use --workspace DIR";

/// Reads every layer and merges them, weakest first: defaults; the machine's file; the user's;
/// the workspace's; $TENON_CONFIG, then --config; environment; options; -D. Writes nothing, asks no
/// one, opens no connection. Lists are merged over all layers. Plugins are searched in the built-in
/// directories, then in those of `plugins.path`, TENON_PLUGIN_PATH and --plugin-dir. A relative
/// path, and a rule's leading "/", begin at the directory of their file, at the workspace for a
/// file in `.tenon/` and for rules of the command line, else at `cwd`. Also returns what was found
/// where something is wrong: for `tenon config check`.
Configuration examine(const Sources& sources, const Overrides& overrides);

/// The same for a command that only reads, without errors and with a workspace. The Error has one
/// line for everything that is wrong (exit 2).
Result<Configuration> load_to_read(const Sources& sources, const Overrides& overrides);
/// The same for a run, whose workspace must be safe too.
Result<Configuration> load(const Sources& sources, const Overrides& overrides);
/// For a message: the problem with an unsafe workspace, and what to do. Empty: there is none.
std::string refusal_to_run(const Configuration& found);

}  // namespace tenon::config
