#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The lines of an interactive session that begin with a slash.
namespace tenon::sitting {

struct SlashCommand {
    std::string name;      ///< without the slash: "jobs"
    std::string argument;  ///< what stood behind it, trimmed
};

/// None when the line is a prompt: it does not begin with a slash, or its first word holds another
/// one and so is a path.
std::optional<SlashCommand> slash_command(std::string_view line);

/// What there is, a line each.
std::vector<std::string> slash_help();
bool is_slash_command(std::string_view name);
/// "/jobs", …: those that begin so.
std::vector<std::string> slash_completions(std::string_view word);

}  // namespace tenon::sitting
