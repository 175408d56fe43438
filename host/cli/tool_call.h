#pragma once

#include <filesystem>

#include "host/agent/message.h"
#include "host/cli/commands.h"

/// One call of a tool without a model, for `tenon tool` and `tenon plugin call`.
namespace tenon::cli {

/// The words NAME [JSON] of a command line as a call; `-` reads the JSON from `input`. `usage` is
/// for the Error: "tenon tool NAME [JSON]".
Result<agent::ToolCall> tool_call_of(std::span<const std::string> words, const std::string& usage,
                                     int input);

/// Prepares the tools of the configuration, makes the call, and prints its result; the exit code is
/// that of `tenon tool` (see run_tool). With a `plugin_file`, the tool is one of that file, which
/// takes the place of the plugin with its id.
int prepare_and_call_tool(const agent::ToolCall& call, const Options& options,
                          const config::Sources& sources, const Console& console,
                          const StartLogging& start_logging,
                          const std::filesystem::path& plugin_file = {});

}  // namespace tenon::cli
