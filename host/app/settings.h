#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// All configuration as plain values. Only settings.cpp reads configuration; everybody else gets
/// this struct or parts of it.
namespace tenon::app {

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
        std::uint64_t output_limit = 64ULL << 20U;
        std::uint64_t total_output_limit = 4ULL << 30U;
        std::int64_t keep_days = 30;
    } jobs;
    struct Plugins {
        std::vector<std::filesystem::path> path;  ///< in order of search
        std::map<std::string, PluginSettings> by_id;
    } plugins;
    struct Permissions {
        std::string mode = "ask";  ///< ask acceptEdits plan dontAsk bypassPermissions
        std::vector<RuleText> allow, ask, deny;
        bool yes = false;  ///< --yes
    } permissions;
    struct Log {
        std::string level = "warning";  ///< trace debug info warning error critical off
        std::string file;               ///< empty: stderr
        std::string format = "text";    ///< text json
    } log;

    std::filesystem::path workspace;              ///< absolute, symlinks resolved
    std::vector<std::filesystem::path> add_dirs;  ///< absolute, symlinks resolved
    std::filesystem::path state_dir;              ///< absolute
};

}  // namespace tenon::app
