#include "host/sitting/slash_commands.h"

#include <algorithm>
#include <array>
#include <utility>

#include "host/base/nearest.h"
#include "host/base/text_width.h"
#include "host/terminal/word_rest.h"

namespace tenon::sitting {
namespace {

constexpr auto kCommands = std::to_array<SlashHelp>({
    {"help", "", "this list, and the keys"},
    {"jobs", "[[logs|cancel] ID]", "jobs of this session; one; its output; end one"},
    {"tasks", "", "the tasks of this workspace"},
    {"todos", "", "the model's present todo list"},
    {"status", "", "session, model, mode, context, jobs, plugins, sandbox"},
    {"cost", "", "the tokens of this session"},
    {"model", "[NAME]", "the model and others to choose from; change it"},
    {"permissions", "[MODE | remove N]", "the mode and the rules; change or remove one"},
    {"compact", "[FOCUS]", "make the conversation shorter, keeping what FOCUS names"},
    {"clear", "", "begin the conversation anew; its jobs stay"},
    {"history", "", "the whole conversation, in a pager ($PAGER)"},
    {"export", "[FILE]", "write the conversation into a new file, as Markdown"},
    {"resume", "[NUMBER | ID]", "earlier sessions of this workspace; open one"},
    {"plugins", "", "the plugins and their tools"},
    {"reload", "", "load changed plugins and their configuration"},
    {"exit", "", "leave; also /quit, /q, and the bare words exit and quit"},
});

/// What /help says below the commands. A text without a name is a sentence; both empty: a blank
/// row.
struct Help {
    std::string_view name, text;
};
constexpr auto kOtherLines = std::to_array<Help>({
    {"/SKILL [ARGUMENTS]", "sends the text of a skill"},
    {"!COMMAND", "runs a command; the model sees it and its output with the next prompt"},
    {"@FILE", "attaches a file to a prompt; so does the path of an image"},
});
constexpr auto kKeys = std::to_array<Help>({
    {},
    {"Ctrl-C", "stops the turn, or clears the line; twice in an empty line leaves"},
    {"Esc", "stops the turn, or takes a prompt that waits back into the empty line"},
    {"Up", "takes a prompt that waits back into the empty line"},
    {"Shift-Tab", "goes through the permission modes ask, acceptEdits and plan"},
    {"Ctrl-B", "moves running foreground commands to the background"},
    {"Ctrl-D", "leaves"},
    {"Tab", "completes /COMMAND and @PATH; Up, Down choose in the menu, Esc closes it"},
    {"Ctrl-_", "undoes a change of the line"},
    {"Ctrl-X Ctrl-E", "edits the line in $VISUAL or $EDITOR"},
    {"Shift-Enter", "begins a new line; so do Alt-Enter, Ctrl-J, and a backslash before Enter"},
    {"Ctrl-R", "searches the lines of all workspaces; Up, Down walk through this one's"},
    {"Ctrl-O", "opens the last folded text (… +N lines) or thought, then the one before"},
    {},
    {"",
     "A question takes keys half a second after it appears, and after a second without typing; "
     "the edited line is kept."},
    {"y, n", "answer it at once; so do yes and no"},
    {"a, p", "show the rule for this session, or the permanent one; Enter adds it"},
    {"Tab", "says no, and what to do instead; Esc goes back"},
    {"Ctrl-O", "prints the whole question when the screen is too small for it"},
    {},
    {"", "A prompt typed while a turn runs waits and is sent with the next tool results."},
    {"", "Anything else is a prompt, also a line that begins with a path."},
});

/// Where the texts begin.
constexpr std::size_t kColumnOfCommands = 26, kColumnOfKeys = 15;
/// On narrower screens the texts are below the names.
constexpr std::size_t kLeastForColumns = 60;
constexpr std::size_t kIndentBelowName = 2;

void add_help(std::vector<std::string>& lines, const Help& help, std::size_t column,
              std::size_t width) {
    if (help.name.empty() && help.text.empty()) {
        lines.emplace_back();
        return;
    }
    if (width < kLeastForColumns) column = kIndentBelowName;
    if (help.name.empty()) column = 0;
    std::string before(help.name);
    if (!before.empty() && before.size() >= column) {
        for (std::string& row : wrap(std::exchange(before, {}), std::max<std::size_t>(2, width)))
            lines.push_back(std::move(row));
    }
    const std::size_t room = std::max<std::size_t>(2, width - std::min(width, column));
    for (const std::string& row : wrap(help.text, room)) {
        lines.push_back(padded(std::move(before), column) + row);
        before.clear();
    }
}

/// Other names of a command.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kOtherNames = {{
    {"quit", "exit"},
    {"q", "exit"},
}};

bool is_command_name(std::string_view name) {
    const auto is_it = [&](const SlashHelp& command) { return command.name == name; };
    return std::any_of(kCommands.begin(), kCommands.end(), is_it);
}

std::string known_name(std::string_view entered) {
    std::string name = terminal::lower_case(entered);
    for (const auto& [other, meant] : kOtherNames) {
        if (name == other) name = meant;
    }
    return is_command_name(name) ? name : std::string(entered);
}

bool leaves_without_slash(std::string_view line) {
    const std::string word = terminal::lower_case(line);
    return word == "exit" || word == "quit";
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Whether a line that begins with this word is no command: code that was pasted, such as `/** …`.
bool begins_text(std::string_view word, std::string_view behind) {
    if (word.size() == 1) return false;
    const char first = word[1];
    const bool begins_name = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') ||
                             (first >= '0' && first <= '9');
    return !begins_name && !trimmed(behind).empty();
}

/// Whether `entered` is the beginning of the name. One letter says too little.
bool begins_name(std::string_view entered, std::string_view name) {
    return entered.size() > 1 &&
           terminal::lower_case(name).starts_with(terminal::lower_case(entered));
}

}  // namespace

std::optional<SlashCommand> slash_command(std::string_view line) {
    line = trimmed(line);
    if (leaves_without_slash(line)) return SlashCommand{"exit", {}};
    if (line.empty() || line.front() != '/') return std::nullopt;
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r\n"));
    const std::string_view behind = line.substr(word.size());
    if (word.find('/', 1) != std::string_view::npos || begins_text(word, behind))
        return std::nullopt;
    return SlashCommand{known_name(word.substr(1)), std::string(trimmed(behind))};
}

bool is_like_prompt(const SlashCommand& command) {
    return command.name == "compact";
}

bool is_skill(std::string_view name, const Skills& skills) {
    const auto is_it = [&](const auto& one) { return one.name == name; };
    return !is_command_name(known_name(name)) && std::any_of(skills.begin(), skills.end(), is_it);
}

std::optional<std::string> nearest_slash_command(std::string_view name, const Skills& skills) {
    std::vector<std::string_view> names;
    for (const SlashHelp& command : kCommands)
        names.push_back(command.name);
    for (const auto& [other, meant] : kOtherNames)
        names.push_back(other);
    for (const auto& skill : skills)
        names.push_back(skill.name);
    const auto begun = std::find_if(names.begin(), names.end(), [&](std::string_view other) {
        return begins_name(name, other);
    });
    if (begun != names.end()) return std::string(*begun);
    const auto found = nearest(name, names);
    return found ? std::optional(std::string(*found)) : std::nullopt;
}

std::span<const SlashHelp> slash_commands() {
    return kCommands;
}

std::vector<std::string> slash_help(std::size_t width) {
    std::vector<std::string> lines;
    for (const SlashHelp& command : kCommands) {
        std::string name = "/" + std::string(command.name);
        if (!command.argument.empty()) name += " " + std::string(command.argument);
        add_help(lines, {name, command.help}, kColumnOfCommands, width);
    }
    for (const Help& line : kOtherLines)
        add_help(lines, line, kColumnOfCommands, width);
    for (const Help& key : kKeys)
        add_help(lines, key, kColumnOfKeys, width);
    return lines;
}

std::vector<terminal::MenuCommand> menu_commands(const Skills& skills) {
    std::vector<terminal::MenuCommand> commands;
    for (const SlashHelp& command : kCommands)
        commands.push_back(
            {std::string(command.name), std::string(command.argument), std::string(command.help)});
    for (const plugins::NamedPrompt& skill : skills) {
        if (is_skill(skill.name, skills))
            commands.push_back({skill.name, skill.arguments, skill.description});
    }
    return commands;
}

}  // namespace tenon::sitting
