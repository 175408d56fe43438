#include "host/cli/option_table.h"

#include <algorithm>

#include "host/base/nearest.h"
#include "host/base/untrusted.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kHelpWidth = 80;
constexpr std::size_t kHelpColumn = 28;

bool looks_like_option(std::string_view word) {
    return word.size() > 1 && word[0] == '-';
}

OptionWord split(std::span<const OptionSpec> table, std::string_view word) {
    OptionWord out;
    if (word.starts_with("--")) {
        const auto equals = word.find('=');
        out.name = word.substr(0, equals);
        if (equals != std::string_view::npos) out.value = word.substr(equals + 1);
    } else {
        out.name = word.substr(0, 2);
        if (word.size() > 2) out.value = word.substr(word[2] == '=' ? 3 : 2);
    }
    const auto matches = [&](const OptionSpec& spec) {
        if (word.starts_with("--")) return out.name.substr(2) == spec.long_name;
        return spec.short_name != 0 && word[1] == spec.short_name;
    };
    const auto spec = std::find_if(table.begin(), table.end(), matches);
    if (spec != table.end()) out.spec = &*spec;
    return out;
}

Error unknown_option(std::span<const OptionSpec> table, const OptionWord& word,
                     const ForeignOptions& foreign) {
    if (const OptionSpec* spec = split(foreign.options, word.name).spec)
        return does_not_go_with(spec->long_name, foreign.command);
    std::vector<std::string_view> names;
    for (const OptionSpec& spec : table)
        names.push_back(spec.long_name);
    std::string message = "unknown option " + visible(word.name);
    const auto meant = nearest(word.name.substr(word.name.starts_with("--") ? 2 : 1), names);
    message +=
        meant ? "; did you mean --" + std::string(*meant) + "?" : "; --help lists the options";
    return {std::move(message)};
}

/// The value of the option `word`, which is args[at]. Advances `at` when the value is the next
/// word.
Result<std::string> value_of(std::span<const OptionSpec> table, std::span<const std::string> args,
                             std::size_t& at, const OptionWord& word) {
    const std::string name = word.spec->shown();
    const std::string argument(word.spec->argument);
    if (word.value) return std::string(*word.value);
    if (at + 1 == args.size()) return Error{name + " needs a value: " + name + " " + argument};
    const std::string& next = args[at + 1];
    // An option in place of the value: the value was forgotten. Such a value can be given with `=`.
    if (next == "--" || (looks_like_option(next) && split(table, next).spec != nullptr)) {
        return Error{name + " needs a value before " + visible(next) +
                     " (a value that looks like an option: " + name + "=" + argument + ")"};
    }
    ++at;
    return next;
}

Result<void> take_option(std::span<const OptionSpec> table, std::span<const std::string> args,
                         std::size_t& at, const ForeignOptions& foreign, Arguments& out) {
    const OptionWord word = split(table, args[at]);
    const bool bundled = word.spec != nullptr && word.value && !args[at].starts_with("--");
    if (word.spec == nullptr) return unknown_option(table, word, foreign);
    const OptionSpec& spec = *word.spec;
    if (spec.repeat == Repeat::kOnce && out.has(spec.long_name))
        return Error{spec.shown() + " is given twice"};
    std::string value;
    if (!spec.argument.empty()) {
        auto taken = value_of(table, args, at, word);
        if (!taken) return taken.error();
        value = *std::move(taken);
    } else if (word.value) {
        return Error{bundled ? "unknown option " + visible(args[at]) + "; short options stand alone"
                             : spec.shown() + " takes no value"};
    }
    out.options.push_back({spec.long_name, std::move(value)});
    return {};
}

void wrap(std::string& out, std::string_view text, std::size_t indent) {
    std::size_t column = indent;
    bool fresh = true;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (!fresh && column + 1 + end > kHelpWidth) {
            out += "\n" + std::string(indent, ' ');
            column = indent;
            fresh = true;
        }
        if (!fresh) out += ' ';
        out += text.substr(0, end);
        column += end + (fresh ? 0 : 1);
        fresh = false;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    out += '\n';
}

/// One line of a list: the name, and the help in a column of its own.
void add_row(std::string& out, const std::string& left, std::string_view help) {
    out += left;
    if (left.size() + 2 > kHelpColumn) {
        out += "\n" + std::string(kHelpColumn, ' ');
    } else {
        out += std::string(kHelpColumn - left.size(), ' ');
    }
    wrap(out, help, kHelpColumn);
}

void add_option_help(std::string& out, const OptionSpec& spec) {
    std::string left = "  ";
    left +=
        spec.short_name != 0 ? std::string{'-', spec.short_name, ',', ' '} : std::string(4, ' ');
    left += spec.shown();
    if (!spec.argument.empty()) left += " " + std::string(spec.argument);
    std::string help(spec.help);
    if (spec.repeat == Repeat::kList) help += " (repeatable)";
    add_row(out, left, help);
}

std::string verb_names(std::span<const VerbSpec> verbs) {
    std::string text;
    for (std::size_t i = 0; i < verbs.size(); ++i) {
        if (i > 0) text += i + 1 == verbs.size() ? " or " : ", ";
        text += verbs[i].name;
    }
    return text;
}

Error unknown_verb(const CommandSpec& command, const std::string& word) {
    std::vector<std::string_view> names;
    for (const VerbSpec& known : command.verbs)
        names.push_back(known.name);
    const auto meant = nearest(word, names);
    return {"unknown: " + std::string(command.name) + " " + visible(word) +
            (meant ? "; did you mean " + std::string(*meant) + "?"
                   : "; it is " + verb_names(command.verbs))};
}

Result<void> check_verb_options(const CommandSpec& command, const VerbSpec& verb,
                                const Arguments& arguments) {
    for (const Arguments::GivenOption& given : arguments.options) {
        const auto is_given = [&](const OptionSpec& spec) { return spec.long_name == given.name; };
        const bool own = std::any_of(command.options.begin(), command.options.end(), is_given);
        if (!own ||
            std::find(verb.options.begin(), verb.options.end(), given.name) != verb.options.end())
            continue;
        return does_not_go_with(given.name,
                                std::string(command.name) + " " + std::string(verb.name));
    }
    return {};
}

}  // namespace

bool Arguments::has(std::string_view long_name) const {
    return std::any_of(options.begin(), options.end(),
                       [&](const GivenOption& g) { return g.name == long_name; });
}

std::optional<std::string> Arguments::value(std::string_view long_name) const {
    const auto found = std::find_if(options.rbegin(), options.rend(),
                                    [&](const GivenOption& g) { return g.name == long_name; });
    if (found == options.rend()) return std::nullopt;
    return found->value;
}

std::vector<std::string> Arguments::values(std::string_view long_name) const {
    std::vector<std::string> out;
    for (const GivenOption& given : options) {
        if (given.name == long_name) out.push_back(given.value);
    }
    return out;
}

Error does_not_go_with(std::string_view option, std::string_view command) {
    return {"--" + std::string(option) + " does not go with '" + std::string(command) + "'"};
}

std::optional<OptionWord> option_word(std::span<const OptionSpec> table, std::string_view word) {
    if (!looks_like_option(word)) return std::nullopt;
    return split(table, word);
}

Result<Arguments> parse_arguments(std::span<const OptionSpec> table,
                                  std::span<const std::string> args, bool stop_at_first_word,
                                  const ForeignOptions& foreign) {
    Arguments out;
    for (std::size_t at = 0; at < args.size(); ++at) {
        if (args[at] == "--") {
            out.dashes_at = out.words.size();
            out.words.insert(out.words.end(), args.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                             args.end());
            break;
        }
        if (looks_like_option(args[at])) {
            if (auto taken = take_option(table, args, at, foreign, out); !taken)
                return taken.error();
            continue;
        }
        if (stop_at_first_word) {
            out.words.assign(args.begin() + static_cast<std::ptrdiff_t>(at), args.end());
            break;
        }
        out.words.push_back(args[at]);
    }
    return out;
}

Result<const VerbSpec*> find_verb(const CommandSpec& command, const Arguments& arguments) {
    const std::string name(command.name);
    const std::span<const VerbSpec> verbs = command.verbs;
    if (arguments.words.empty())
        return Error{"usage: " + name + " " + verb_names(verbs) + "; see --help"};
    const std::string& word = arguments.words.front();
    const auto verb = std::find_if(verbs.begin(), verbs.end(),
                                   [&](const VerbSpec& known) { return known.name == word; });
    if (verb == verbs.end()) return unknown_verb(command, word);
    if (auto checked = check_verb_options(command, *verb, arguments); !checked)
        return checked.error();
    const char* const ids = verb->max_ids == 0 ? "" : verb->max_ids == 1 ? " ID" : " ID…";
    const std::string usage = "usage: " + name + " " + word +
                              (verb->words.empty() ? ids : " " + std::string(verb->words));
    const std::size_t given = arguments.words.size() - 1;
    if (given < verb->min_ids) return Error{usage};
    if (given > verb->max_ids)
        return Error{usage + "; unexpected argument " +
                     in_quotes(arguments.words[verb->max_ids + 1])};
    return &*verb;
}

std::string help_text(const CommandSpec& command) {
    std::string out;
    std::string_view rest = command.usage;
    std::string_view lead = "Usage: ";
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        out += lead;
        out += command.name;
        out += ' ';
        wrap(out, rest.substr(0, end), lead.size() + command.name.size() + 1);
        lead = "       ";
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out += '\n';
    wrap(out, command.summary, 0);
    if (!command.verbs.empty()) out += "\nCommands:\n";
    for (const VerbSpec& verb : command.verbs)
        add_row(out, "  " + std::string(verb.name), verb.help);
    out += "\nOptions:\n";
    for (const OptionSpec& spec : command.options)
        add_option_help(out, spec);
    if (!command.footer.empty()) out += '\n';
    for (std::string_view footer = command.footer; !footer.empty();) {
        const auto end = std::min(footer.find('\n'), footer.size());
        wrap(out, footer.substr(0, end), 0);
        footer.remove_prefix(std::min(end + 1, footer.size()));
    }
    return out;
}

}  // namespace tenon::cli
