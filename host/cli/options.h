#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/result.h"
#include "host/cli/option_table.h"
#include "host/config/configuration.h"

/// The command line of `tenon` as plain values. Paths are as typed; settings make them absolute.
namespace tenon::cli {

enum class OutputFormat { kText, kJson, kStreamJson };

struct Options {
    std::string command;            ///< "jobs", "config", …; empty: a run
    std::vector<std::string> rest;  ///< what stood behind it, untouched

    std::optional<std::string> prompt;  ///< never blank; "-": standard input alone
    std::optional<OutputFormat> output_format;
    std::optional<std::string> session;  ///< a valid id
    bool continue_last = false;
    std::optional<std::filesystem::path> workspace;
    std::vector<std::filesystem::path> add_dirs;
    std::optional<std::string> model;
    std::optional<std::string> provider;
    std::optional<std::filesystem::path> replay;
    std::optional<std::filesystem::path> record;
    bool yes = false;
    std::vector<std::string> allow, deny;
    std::vector<std::filesystem::path> plugin_dirs;
    std::optional<std::int64_t> max_turns;
    bool no_wait = false;
    std::optional<std::filesystem::path> config;
    std::vector<std::pair<std::string, std::string>> defines;  ///< -D, in order
    std::optional<std::string> log_level;
    std::optional<std::string> sandbox;  ///< sandbox.mode
    bool version = false;
    bool help = false;
};

/// Takes apart what follows the program's name. A sub-command is recognised as the first word that
/// is no option; what follows is left to it. The error (exit 2) names the option and what is
/// allowed.
Result<Options> parse_options(std::span<const std::string> args);

/// What the options say about the configuration.
config::Overrides overrides_of(const Options& options);

/// For a sub-command: takes `options.rest` apart by the command's own table and by the options that
/// every sub-command shares (--workspace, --config, -D, …); these go into `options`, its own come
/// back.
Result<Arguments> parse_command(const CommandSpec& command, Options& options);

std::string main_help();
/// The help of a sub-command: its own options, then the shared ones.
std::string command_help(const CommandSpec& command);

}  // namespace tenon::cli
