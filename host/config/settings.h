#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/config/rule_text.h"

/// All configuration as plain values. Everybody outside of this room gets this struct or parts of
/// it; `configuration.h` says how it is read.
namespace tenon::config {

using std::chrono::milliseconds;

struct PluginSettings {
    bool enabled = true;
    std::optional<bool> isolated;  ///< as configured
    milliseconds call_timeout{std::chrono::minutes(10)};
    /// network, exec, read:DIR, write:DIR, unconfined. A DIR is absolute or begins with `~/`.
    std::vector<std::string> grants;
    std::map<std::string, std::string> own;  ///< plugins.<id>.<key>, raw
    /// Where each key of this plugin was written (see ConfigEntry::origin), by its name as in
    /// `own`; also of `enabled` and the other keys of the host.
    std::map<std::string, std::string> origins;
};

struct Settings {
    struct Model {
        std::string provider = "anthropic";
        std::string name;
        std::string name_lock;      ///< the origin of its lock; empty: it is not locked
        std::string base_url;       ///< empty: the provider's own
        std::string base_url_lock;  ///< as name_lock
        /// Of the key that requests carry: "ANTHROPIC_API_KEY of the environment"; empty: no key.
        std::string key_origin;
        /// The variables of the environment, key and base URL, that another provider would use.
        /// Empty where the provider is locked.
        std::vector<std::string> unused_variables;
        std::int64_t max_tokens = 8192;
        std::string api_version = "2023-06-01";
        std::string auth;  ///< x-api-key bearer none; empty: as the provider has it
        /// More header fields of each request, in the order of their names.
        std::vector<std::pair<std::string, std::string>> headers;
        std::optional<std::int64_t> context_window;  ///< tokens; empty: known or learned
        std::string max_tokens_field;  ///< max_tokens max_completion_tokens; empty: by server
        std::string reasoning_effort;  ///< as the server names it; empty: none is sent
        bool threads = false;          ///< on Anthropic's own address only new messages are sent
        /// US dollars for a million tokens.
        struct Price {
            std::optional<double> input, output, cache_read, cache_write;
        } price;
        /// A model that is asked while those before it stay overloaded or unreachable.
        struct Fallback {
            std::string provider;
            std::string base_url;  ///< empty: the provider's own; see model.fallback.N.baseUrl
            std::string name;
            long number = 0;  ///< as in model.fallback.<number>; 0: none of these
        };
        std::vector<Fallback> fallbacks;  ///< in the order of their numbers
        int retry_max_attempts = 10;
        milliseconds retry_base_delay{500};
        milliseconds retry_max_elapsed{3'600'000};
        milliseconds idle_timeout{90'000};
        std::string ca_file;  ///< empty: the system's
        /// Whether SSL_CERT_FILE and SSL_CERT_DIR may say where the system's authorities are: not
        /// where model.caFile is set or locked.
        bool ca_variables = true;
        std::string ca_lock;  ///< the origin of the lock of model.caFile; empty: it is not locked
        std::string proxy;    ///< empty: the environment's, which are the next two
        std::string https_proxy, no_proxy;
        std::filesystem::path replay_file, record_file;
    } model;
    struct Agent {
        std::optional<std::int64_t> max_turns;
        std::int64_t subagent_max_turns = 30;
        std::optional<std::int64_t> token_threshold;
        std::int64_t keep_recent = 3;
        bool wake = true;
        std::string queue = "tools";
    } agent;
    struct Jobs {
        std::int64_t max_running = 4;
        std::int64_t max_queued = 10'000;
        milliseconds timeout{3'600'000};
        milliseconds foreground_timeout{120'000};
        milliseconds max_timeout{86'400'000};
        std::string max_timeout_lock;  ///< the origin of its lock; empty: it is not locked
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
        std::string require = "any";              ///< any known
        /// "plugins is locked by FILE:LINE", where no directory of the user's or the workspace's is
        /// searched for plugins; else empty.
        std::string path_lock;
        /// The list of hashes for `known`: plugins.allow in the machine's configuration directory.
        std::filesystem::path allow_file;
        std::map<std::string, PluginSettings> by_id;
        /// The origins of locks on grants, by plugin; that with an empty id is for all plugins.
        std::map<std::string, std::string> grants_locks;
    } plugins;
    struct Permissions {
        std::string mode = "ask";  ///< ask acceptEdits plan dontAsk bypassPermissions
        std::vector<RuleText> allow, ask, deny;
        bool read_only_commands = true;  ///< those of the fixed list need no question
        bool yes = false;                ///< --yes
        bool may_ask = true;             ///< false: what needs a question is refused, as in dontAsk
        /// The origins of their locks; empty: not locked.
        std::string allow_lock, ask_lock, mode_lock;
        std::string locked_mode;  ///< the loosest mode that the lock permits; empty: not locked
    } permissions;
    struct Sandbox {
        std::string mode = "off";      ///< off workspace read-only
        std::string network = "none";  ///< none loopback full
        bool require = false;
        std::vector<std::filesystem::path> write;      ///< existing directories
        std::vector<std::filesystem::path> deny_read;  ///< need not exist
        std::vector<std::filesystem::path> own;        ///< Tenon's state and configuration
    } sandbox;
    struct Terminal {
        bool notify_bell = true, notify_osc9 = true;
    } terminal;
    struct Log {
        std::string level = "warning";  ///< trace debug info warning error critical off
        std::string file;               ///< empty: stderr
        std::string format = "text";    ///< text json
    } log;

    // All absolute.
    std::filesystem::path workspace;              ///< symlinks resolved
    std::vector<std::filesystem::path> add_dirs;  ///< symlinks resolved
    std::filesystem::path state_dir;
    std::filesystem::path prefix;  ///< of this installation
    std::filesystem::path home;    ///< of the user; may be empty
    /// The home of the password file, else the same. What is not to be read is not to be read here
    /// either.
    std::filesystem::path account_home;
    std::filesystem::path config_dir;  ///< the user's directory of configuration; may be empty
};

}  // namespace tenon::config
