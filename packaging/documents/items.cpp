#include "packaging/documents/items.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "host/cli/command_list.h"
#include "host/config/environment_variables.h"
#include "host/config/key_texts.h"
#include "host/config/setting_values.h"
#include "host/sitting/slash_commands.h"

#include "packaging/documents/roff.h"

namespace tenon::documents {
namespace {

using Items = std::vector<Item>;

std::string bold(std::string_view text) {
    return "\\fB" + roff_text(text) + "\\fR";
}

std::vector<std::string> lines_in(std::string_view text) {
    std::vector<std::string> lines;
    std::istringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

// ---------------------------------------------------------------- options

/// Whether a text begins with a value that is to be typed as it is.
bool begins_with_value(const cli::OptionSpec& spec) {
    std::string_view choices = spec.values;
    if (spec.takes == cli::Takes::kSettingValue) choices = config::find_key(spec.values)->choices;
    for (const std::string_view choice : config::listed_choices(choices))
        if (spec.help.starts_with(choice)) return true;
    return false;
}

/// A text that may begin with the names of verbs: "list, show: one JSON document".
std::string with_bold_verbs(std::string_view text, std::span<const cli::VerbSpec> verbs) {
    const auto colon = std::min(text.find(':'), text.size());
    const std::string_view names = text.substr(0, colon);
    for (const std::string_view name : config::listed_choices(names)) {
        const auto is_this = [name](const cli::VerbSpec& verb) { return verb.name == name; };
        if (std::none_of(verbs.begin(), verbs.end(), is_this))
            return roff_paragraph(sentence(text));
    }
    return "\\fB" + roff_text(names) + "\\fR:\n" +
           roff_paragraph(std::string(text.substr(std::min(colon + 2, text.size()))) +
                          (text.ends_with('.') ? "" : "."));
}

Item option_item(const cli::OptionSpec& spec, const std::string& prefix,
                 std::span<const cli::VerbSpec> verbs) {
    std::string heading;
    if (spec.short_name != 0) heading = bold(std::string{'-', spec.short_name}) + ", ";
    heading += bold(spec.shown());
    if (!spec.argument.empty()) heading += " " + roff_usage(spec.argument);
    std::string help = begins_with_value(spec) ? roff_paragraph(std::string(spec.help) + ".")
                                               : with_bold_verbs(spec.help, verbs);
    if (spec.repeat == cli::Repeat::kList) help += "Repeatable.\n";
    return {prefix + spec.shown(), ".TP\n" + heading + "\n" + help};
}

Items main_option_items() {
    Items items;
    for (const cli::OptionSpec& spec : cli::main_options())
        items.push_back(option_item(spec, "", {}));
    return items;
}

// ---------------------------------------------------------------- commands

/// The forms of a verb are the lines of the command's usage that begin with it.
std::string verb_heading(const cli::CommandSpec& command, std::string_view verb) {
    std::string heading;
    for (const std::string& line : lines_in(command.usage)) {
        if (line.substr(0, line.find(' ')) != verb) continue;
        heading += (heading.empty() ? ".TP\n" : ".TQ\n") +
                   roff_usage(std::string(command.name) + " " + line) + "\n";
    }
    return heading;
}

std::string footer_paragraphs(const cli::CommandSpec& command) {
    std::string out;
    for (const std::string& line : lines_in(command.footer))
        if (!line.empty()) out += ".PP\n" + with_bold_verbs(line, command.verbs);
    return out;
}

Items command_items(const cli::CommandSpec& command) {
    const std::string word(command.word());
    const std::string summary = roff_paragraph(command.summary);
    Items items;
    if (command.verbs.empty()) {
        items.push_back(
            {word, ".TP\n" +
                       roff_usage(std::string(command.name) + " " + std::string(command.usage)) +
                       "\n" + summary});
    } else {
        items.push_back({word, summary});
    }
    for (const cli::VerbSpec& verb : command.verbs) {
        items.push_back({word + " " + std::string(verb.name),
                         verb_heading(command, verb.name) + roff_paragraph(sentence(verb.help))});
    }
    for (const cli::OptionSpec& spec : command.options)
        items.push_back(option_item(spec, word + " ", command.verbs));
    items.push_back({"", footer_paragraphs(command)});
    return items;
}

Result<Items> one_command(const std::string& word) {
    const cli::Command* const command = cli::find_command(word);
    if (command == nullptr) return Error{"there is no command " + word};
    return command_items(command->spec);
}

Items all_commands(const std::string& pages) {
    std::map<std::string, std::string, std::less<>> page_of_command;
    std::istringstream in(pages);
    for (std::string word; in >> word;)
        page_of_command[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    Items items;
    for (const cli::Command& command : cli::commands()) {
        if (command.is_hidden()) continue;
        const std::string heading = ".SS " + roff_text(command.spec.name) + "\n";
        const auto page = page_of_command.find(command.spec.word());
        if (page != page_of_command.end()) {
            items.push_back({"", heading + roff_paragraph(sentence(command.spec.brief)) +
                                     "See\n.BR " + roff_text(page->second) + " (1).\n"});
            continue;
        }
        items.push_back({"", heading});
        for (Item& item : command_items(command.spec))
            items.push_back(std::move(item));
    }
    return items;
}

Items forms() {
    std::string text = ".B tenon\n[options] [\\fB\\-p\\fR \\fITEXT\\fR]\n";
    for (const cli::Command& command : cli::commands()) {
        if (command.is_hidden()) continue;
        text += ".br\n.B " + roff_text(command.spec.name) + "\n";
        std::string verbs;
        for (const cli::VerbSpec& verb : command.spec.verbs)
            verbs += (verbs.empty() ? "" : " | ") + bold(verb.name);
        text += (verbs.empty() ? roff_usage(command.spec.usage) : verbs) + "\n";
    }
    return {{"", text}};
}

Result<Items> usage_of(const std::string& word) {
    const cli::Command* const command = cli::find_command(word);
    if (command == nullptr) return Error{"there is no command " + word};
    std::string text;
    for (const std::string& line : lines_in(command->spec.usage)) {
        text += (text.empty() ? "" : ".br\n") +
                roff_usage(std::string(command->spec.name) + " " + line) + "\n";
    }
    return Items{{"", text}};
}

// ---------------------------------------------------------------- the rest

Items slash_items() {
    Items items;
    for (const sitting::SlashHelp& command : sitting::slash_commands()) {
        const std::string name = "/" + std::string(command.name);
        std::string heading = bold(name);
        if (!command.argument.empty()) heading += " " + roff_usage(command.argument);
        items.push_back({name, ".TP\n" + heading + "\n" + roff_paragraph(sentence(command.help))});
    }
    return items;
}

std::string default_of(const config::KeySpec& key) {
    if (!key.default_text.empty()) return std::string(key.default_text);
    return key.otherwise.empty() ? "none" : std::string(key.otherwise);
}

std::string workspace_may(config::FromWorkspace what) {
    switch (what) {
        case config::FromWorkspace::kNothing:
            return "never";
        case config::FromWorkspace::kStricter:
            return "only stricter";
        case config::FromWorkspace::kAnything:
            break;
    }
    return "yes";
}

Item key_item(const config::KeySpec& key, const std::string& name, const std::string& shown) {
    return {name, ".TP\n" + shown + "\n" + roff_paragraph(key.meaning) + ".br\n" +
                      roff_paragraph("Default: " + default_of(key) + ".") + ".br\n" +
                      roff_paragraph("Allowed: " + config::allowed_values(key) + ".") + ".br\n" +
                      roff_paragraph("From an untrusted workspace: " +
                                     workspace_may(key.from_workspace) + ".") +
                      ".br\n" + roff_paragraph(config::what_a_lock_accepts(key))};
}

/// The part of a family's key that is in capitals stands for another text.
std::string family_heading(std::string_view key) {
    std::string out;
    while (!key.empty()) {
        const auto end = std::min(key.find('.'), key.size());
        const std::string_view part = key.substr(0, end);
        const bool stands_for = part == "N" || part == "NAME";
        out += (out.empty() ? "" : bold(".")) +
               (stands_for ? "\\fI" + roff_text(part) + "\\fR" : bold(part));
        key.remove_prefix(std::min(end + 1, key.size()));
    }
    return out;
}

Items key_items() {
    Items items;
    std::string_view section;
    for (const config::KeySpec& key : config::setting_keys()) {
        const std::string_view of_key = key.key.substr(0, key.key.find('.'));
        if (of_key != section) items.push_back({"", ".SS " + roff_text(of_key) + "\n"});
        section = of_key;
        items.push_back(key_item(key, std::string(key.key), bold(key.key)));
    }
    items.push_back({"", ".SS model.headers, model.fallback\n"});
    for (const config::KeySpec& key : config::family_keys())
        items.push_back(key_item(key, std::string(key.key), family_heading(key.key)));
    items.push_back({"plugins.ID", ".SS plugins.ID\n"});
    for (const config::KeySpec& key : config::plugin_setting_keys()) {
        const std::string name(key.key);
        items.push_back(key_item(key, "plugins.ID." + name,
                                 bold("plugins.") + "\\fIID\\fR" + bold("." + name)));
    }
    return items;
}

Items variable_items() {
    Items items;
    for (const config::VariableSpec& variable : config::environment_variables()) {
        items.push_back({std::string(variable.name),
                         ".TP\n" + bold(variable.name) + "\n" + roff_paragraph(variable.meaning)});
    }
    return items;
}

}  // namespace

Result<std::vector<Item>> items_of(std::string_view directive, const std::string& rest) {
    if (directive == "forms") return forms();
    if (directive == "usage") return usage_of(rest);
    if (directive == "options") return main_option_items();
    if (directive == "command") return one_command(rest);
    if (directive == "commands") return all_commands(rest);
    if (directive == "slash") return slash_items();
    if (directive == "keys") return key_items();
    if (directive == "variables") return variable_items();
    return Error{"there is no directive @" + std::string(directive)};
}

}  // namespace tenon::documents
