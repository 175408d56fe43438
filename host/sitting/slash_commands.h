#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The lines of an interactive session that begin with a slash. Pure functions.
namespace tenon::sitting {

struct SlashCommand {
    std::string name;      ///< without the slash: "jobs"
    std::string argument;  ///< the rest of the line, trimmed
};

/// None when the line is a prompt: it does not begin with a slash, or its first word has a second
/// slash and so is a path. The command need not exist.
std::optional<SlashCommand> slash_command(std::string_view line);

/// What /help says about a command.
struct SlashHelp {
    std::string_view name, argument, help;
};
std::span<const SlashHelp> slash_commands();

/// The text of /help: commands and keys, a line each.
std::vector<std::string> slash_help();
/// The commands that begin with `word`: "/jobs", …
std::vector<std::string> slash_completions(std::string_view word);

}  // namespace tenon::sitting
