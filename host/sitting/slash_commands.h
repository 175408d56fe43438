#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugins/named_prompts.h"
#include "host/terminal/terminal.h"

/// The lines of an interactive session that begin with a slash. Pure functions.
namespace tenon::sitting {

/// The skills of the open session, which are commands too. A command of Tenon with the name of a
/// skill wins.
using Skills = std::vector<plugins::NamedPrompt>;
[[nodiscard]] bool is_skill(std::string_view name, const Skills& skills);

struct SlashCommand {
    std::string name;      ///< without the slash: "jobs"; as entered when it does not exist
    std::string argument;  ///< the rest of the line, trimmed
};

/// None when the line is a prompt: it does not begin with a slash, or its first word has a second
/// slash and so is a path, or no letter or digit follows the slash and text follows the word, as in
/// code. The words "exit" and "quit" alone are commands too. The command need not
/// exist; one that exists has its name from `slash_commands`, whatever its letter case was and also
/// when the line has another name of it ("/q").
std::optional<SlashCommand> slash_command(std::string_view line);
/// Whether it is shown as a turn: it can wait and be taken back like a prompt, and like a prompt it
/// is printed when it begins.
bool is_like_prompt(const SlashCommand& command);
/// The command or the skill that `name` is probably the beginning or a misspelling of.
std::optional<std::string> nearest_slash_command(std::string_view name, const Skills& skills = {});

/// What /help says about a command.
struct SlashHelp {
    std::string_view name, argument, help;
};
std::span<const SlashHelp> slash_commands();

/// The text of /help: commands and keys, in lines of at most `width` columns.
std::vector<std::string> slash_help(std::size_t width);
/// The commands and then the skills, for the menu that opens while the person types a slash.
std::vector<terminal::MenuCommand> menu_commands(const Skills& skills = {});

}  // namespace tenon::sitting
