#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The lines of an interactive session that begin with a slash. Pure functions.
namespace tenon::sitting {

struct SlashCommand {
    std::string name;      ///< without the slash: "jobs"; as entered when it does not exist
    std::string argument;  ///< the rest of the line, trimmed
};

/// None when the line is a prompt: it does not begin with a slash, or its first word has a second
/// slash and so is a path. The words "exit" and "quit" alone are commands too. The command need not
/// exist; one that exists has its name from `slash_commands`, whatever its letter case was and also
/// when the line has another name of it ("/q").
std::optional<SlashCommand> slash_command(std::string_view line);
/// The command that `name` is probably a misspelling of.
std::optional<std::string_view> nearest_slash_command(std::string_view name);

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
