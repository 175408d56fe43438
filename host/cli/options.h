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

/// The command line of `tenon` as values. Paths are as typed; the configuration makes them
/// absolute.
namespace tenon::cli {

enum class OutputFormat { kText, kJson, kStreamJson };

struct Options {
    std::string command;            ///< "jobs", "config", …; empty: a run
    std::vector<std::string> rest;  ///< the words after it, not parsed

    std::optional<std::string> prompt;  ///< never blank; "-": standard input alone
    std::optional<OutputFormat> output_format;
    std::optional<std::string> session;  ///< a valid id
    bool continue_last = false;
    std::optional<std::filesystem::path> workspace;
    std::vector<std::filesystem::path> add_dirs;
    std::optional<std::string> model;
    std::optional<std::string> provider;
    bool provider_is_kept = false;  ///< it is the session's own; the command line names none

    std::optional<std::filesystem::path> replay;
    std::optional<std::filesystem::path> record;
    bool yes = false;
    std::vector<std::string> allow, deny;
    std::vector<std::filesystem::path> plugin_dirs;
    std::optional<std::int64_t> max_turns;
    std::optional<double> max_budget_usd;          ///< positive
    std::optional<std::int64_t> max_tokens_total;  ///< positive
    bool no_wait = false;
    std::optional<std::string> json_schema;  ///< a text, or the name of a file
    std::optional<std::filesystem::path> config;
    std::vector<std::pair<std::string, std::string>> defines;  ///< -D, in order
    std::optional<std::string> log_level;
    std::optional<std::string> sandbox;  ///< sandbox.mode
    bool version = false;
    bool help = false;
};

/// Parses the words after the program's name. The first word that is no option names a sub-command,
/// which parses the rest itself. The error (exit 2) names the option and says what is allowed.
Result<Options> parse_options(std::span<const std::string> args);

/// The options of a line that is still being typed: what is wrong or no setting is left out.
Options options_from(std::span<const Arguments::GivenOption> given);

/// The part of the options that overrides the configuration.
config::Overrides overrides_of(const Options& options);

/// For a sub-command: parses `options.rest` according to the command's own table and the options
/// that all sub-commands share (--workspace, --config, -D, …). Writes the shared options into
/// `options` and returns the others.
Result<Arguments> parse_command(const CommandSpec& command, Options& options);

/// The options of a run, and of every sub-command.
std::vector<OptionSpec> main_options();
/// The options of a sub-command: its own, then the shared ones.
std::vector<OptionSpec> options_of(const CommandSpec& command);

std::string main_help();
/// The help of a sub-command: its own options, then the shared ones.
std::string command_help(const CommandSpec& command);

}  // namespace tenon::cli
