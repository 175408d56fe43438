#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/config/config_file.h"
#include "host/config/credentials.h"
#include "host/config/places.h"
#include "host/config/start_directory.h"

/// All configuration as plain values. Only settings.cpp reads configuration; everybody else gets
/// this struct or parts of it.
namespace tenon::config {

using std::chrono::milliseconds;

/// One permission rule as it was written, with where it stood.
struct RuleText {
    std::string text;
    std::string origin;  ///< "/home/x/.config/tenon/tenon.xml: permissions.allow", "--allow"
    std::filesystem::path base;  ///< what a leading "/" in a path pattern means: the folder the
                                 ///< rule's file belongs to
};

struct PluginSettings {
    bool enabled = true;
    std::optional<bool> isolated;            ///< as configured
    std::map<std::string, std::string> own;  ///< plugins.<id>.<key>, raw
};

struct Settings {
    struct Model {
        std::string provider = "anthropic";
        std::string name;
        std::string base_url;  ///< empty: the provider's own
        std::int64_t max_tokens = 8192;
        std::string api_version = "2023-06-01";
        int retry_max_attempts = 10;
        milliseconds retry_base_delay{500};
        milliseconds retry_max_elapsed{3'600'000};
        milliseconds idle_timeout{90'000};
        std::string ca_file;  ///< empty: the system's
        std::string proxy;    ///< empty: the environment's (https_proxy / no_proxy below)
        std::string https_proxy, no_proxy;
        std::filesystem::path replay_file, record_file;
    } model;
    struct Agent {
        std::optional<std::int64_t> max_turns;
        std::int64_t subagent_max_turns = 30;
        std::optional<std::int64_t> token_threshold;
        std::int64_t keep_recent = 3;
        bool wake = true;
    } agent;
    struct Jobs {
        std::int64_t max_running = 4;
        std::int64_t max_queued = 10'000;
        milliseconds timeout{3'600'000};
        milliseconds foreground_timeout{120'000};
        milliseconds max_timeout{86'400'000};
        std::uint64_t output_limit = 64ULL << 20U;
        std::uint64_t total_output_limit = 4ULL << 30U;
        std::int64_t keep_days = 30;
        // Of each job with its process tree.
        std::optional<std::uint64_t> memory_limit;   ///< bytes
        std::optional<std::uint64_t> process_limit;  ///< at one time
        std::optional<milliseconds> cpu_limit;       ///< processor time
        bool pid_namespace = false;                  ///< one for each job
    } jobs;
    struct Plugins {
        std::vector<std::filesystem::path> path;  ///< in order of search
        std::map<std::string, PluginSettings> by_id;
    } plugins;
    struct Permissions {
        std::string mode = "ask";  ///< ask acceptEdits plan dontAsk bypassPermissions
        std::vector<RuleText> allow, ask, deny;
        bool read_only_commands = true;  ///< those of the fixed list need no question
        bool yes = false;                ///< --yes
    } permissions;
    struct Sandbox {
        std::string mode = "off";      ///< off workspace read-only
        std::string network = "none";  ///< none loopback full
        bool require = false;
        std::vector<std::filesystem::path> write;      ///< directories that are there
        std::vector<std::filesystem::path> deny_read;  ///< be they there or not
        std::vector<std::filesystem::path> own;        ///< Tenon's state and configuration
    } sandbox;
    struct Log {
        std::string level = "warning";  ///< trace debug info warning error critical off
        std::string file;               ///< empty: stderr
        std::string format = "text";    ///< text json
    } log;

    std::filesystem::path workspace;              ///< absolute, symlinks resolved
    std::vector<std::filesystem::path> add_dirs;  ///< absolute, symlinks resolved
    std::filesystem::path state_dir;              ///< absolute
};

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

/// Checks the text of a permission rule, whose relative paths begin at `base` and whose leading `~`
/// stands for `home`. The Error names the rule's origin and says what is wrong.
using RuleCheck = Result<void> (*)(const RuleText& rule, const std::filesystem::path& base,
                                   const std::filesystem::path& home);

/// Everything that configuration is made from, besides the command line. Nothing else is looked at.
struct Sources {
    Environment environment;
    Credentials credentials;                      ///< as take_credentials gave them
    std::filesystem::path prefix;                 ///< of this installation
    std::filesystem::path system = "/etc/tenon";  ///< the machine's configuration folder
    std::filesystem::path cwd;                    ///< absolute; empty: it is gone
    std::string cwd_problem;                      ///< why it is empty, for a person
    RuleCheck check_rule = nullptr;               ///< null: every rule is accepted
};

/// The surroundings of this process; takes its credentials (see take_credentials) first.
Sources process_sources(std::filesystem::path prefix, const StartDirectory& start);

/// One line of `tenon config show`.
struct Entry {
    std::string key;
    std::string value;      ///< as it was written, credentials left out; empty: there is none
    std::string origin;     ///< "default", "/etc/tenon/tenon.xml:4", "--model", "-D", "TENON_MODEL"
    std::string otherwise;  ///< what holds while there is no value, for people
};

struct Loaded {
    Settings settings;
    Credentials credentials;            ///< of the environment, else of the workspace's .env
    std::vector<std::string> warnings;  ///< to be told, on stderr
    std::vector<std::string> notices;   ///< likewise: what was taken from .env
    std::vector<std::string> files;     ///< those that were read, weakest first
    std::vector<Entry> entries;         ///< every key, a list's once an item; then plugins' own
};

/// What was found, also when it is not all right: for `tenon config check`.
struct Examined {
    Loaded loaded;
    std::vector<std::string> errors;
    /// Why there is no workspace, though nobody named a wrong one; empty: there is one, or `errors`
    /// say what is wrong. A command that needs a workspace says this and exits with 2.
    std::string no_workspace;
};

/// Reads every layer and puts them together, weakest first: defaults; the machine's file; the
/// user's; the workspace's; $TENON_CONFIG, then --config; environment; options; -D. Writes nothing,
/// asks no one, opens no connection. Lists of permissions are merged over all layers. A configured
/// `plugins.path` takes the place of the default; TENON_PLUGIN_PATH and then --plugin-dir come
/// behind it. A relative path, and a rule's leading "/", begin at the folder of their file, at the
/// workspace for a file in `.tenon/` and for rules of the command line, else at `cwd`.
Examined examine(const Sources& sources, const Overrides& overrides);

/// The same for a run. The error has one line for everything that is wrong (exit 2).
Result<Loaded> load(const Sources& sources, const Overrides& overrides);

}  // namespace tenon::config
