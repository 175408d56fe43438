#include "host/cli/options.h"

#include <algorithm>
#include <array>

#include "host/agent/spending.h"
#include "host/base/ids.h"
#include "host/base/nearest.h"
#include "host/base/quantity.h"
#include "host/base/untrusted.h"
#include "host/cli/command_list.h"
#include "host/config/setting_values.h"
#include "host/config/settings_keys.h"

namespace tenon::cli {
namespace {

// clang-format off
/// Options of a run only.
constexpr std::array kRunOptions = {
    OptionSpec{'p', "prompt", "TEXT", "run once without a terminal; piped input is appended to TEXT; '-' reads standard input alone", Repeat::kOnce},
    OptionSpec{0, "output-format", "FORMAT", "text (the last message), json (one result object) or stream-json (one event a line)", Repeat::kLast, Takes::kChoice, "text, json, stream-json"},
    OptionSpec{0, "session", "ID", "open or create this session", Repeat::kOnce, Takes::kSession},
    OptionSpec{0, "continue", "", "open the session of this workspace that was written last"},
    OptionSpec{0, "replay", "FILE", "play a recorded run instead of asking a model", Repeat::kLast, Takes::kFile},
    OptionSpec{0, "record", "FILE", "record this run", Repeat::kLast, Takes::kFile},
    OptionSpec{0, "max-turns", "N", "stop after N turns"},
    OptionSpec{0, "max-budget-usd", "N", "stop when the run has cost N US dollars, subagents included; needs model.price.input or .output"},
    OptionSpec{0, "max-tokens-total", "N", "stop when the run has used N tokens of all kinds, subagents included"},
    OptionSpec{0, "json-schema", "FILE|TEXT", "the answer is one JSON document that fits this JSON Schema", Repeat::kLast, Takes::kFile},
    OptionSpec{0, "no-wait", "", "leave running jobs behind instead of waiting for them"},
    OptionSpec{'V', "version", "", "print the version"},
};

/// Options of runs and sub-commands, which override the configuration.
constexpr std::array kSharedOptions = {
    OptionSpec{0, "workspace", "DIR", "the directory to work on; default: the current one", Repeat::kLast, Takes::kFolder},
    OptionSpec{0, "add-dir", "DIR", "one more directory that file tools may use", Repeat::kList, Takes::kFolder},
    OptionSpec{0, "model", "NAME", "the model to ask"},
    OptionSpec{0, "provider", "NAME", "anthropic, openai, openai-responses or replay: the wire format", Repeat::kLast, Takes::kSettingValue, "model.provider"},
    OptionSpec{0, "yes", "", "answer every question with yes; deny rules still hold"},
    OptionSpec{0, "allow", "RULE", "one more rule for what needs no question", Repeat::kList},
    OptionSpec{0, "deny", "RULE", "one more rule for what is refused", Repeat::kList},
    OptionSpec{0, "plugin-dir", "DIR", "one more plugins directory", Repeat::kList, Takes::kFolder},
    OptionSpec{0, "sandbox", "MODE", "what commands may do: off, workspace or read-only", Repeat::kLast, Takes::kSettingValue, "sandbox.mode"},
    OptionSpec{0, "config", "FILE", "one more configuration file", Repeat::kLast, Takes::kFile},
    OptionSpec{'D', "define", "KEY=VALUE", "one setting, stronger than every file", Repeat::kList, Takes::kSetting},
    OptionSpec{0, "log-level", "LEVEL", "trace, debug, info, warning, error, critical or off", Repeat::kLast, Takes::kSettingValue, "log.level"},
    OptionSpec{'h', "help", "", "print this help"},
};

constexpr std::string_view kMainFooter =
    "Without -p, on a terminal, an interactive session begins: you type prompts, see\n"
    "what the model does and answer its questions. There, /help lists commands and\n"
    "keys. Without -p and a terminal, standard input is the prompt of one run.\n"
    "Exit: 0 done, 1 the run failed, 2 usage or configuration, 130 after Ctrl-C,\n"
    "143 after SIGTERM, 129 after SIGHUP.\n";
// clang-format on

std::string list_of_commands() {
    std::string out = "Commands (each with --help of its own):\n";
    for (const Command& command : commands()) {
        if (command.is_hidden()) continue;
        std::string name = "  " + std::string(command.spec.word());
        name.resize(28, ' ');
        out += name + std::string(command.spec.brief) + "\n";
    }
    return out;
}

/// "jobs, tasks and config".
std::string names_of_commands(const std::vector<std::string_view>& names) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
        out += names[i];
    }
    return out;
}

std::vector<OptionSpec> joined(std::span<const OptionSpec> first,
                               std::span<const OptionSpec> second) {
    std::vector<OptionSpec> out(first.begin(), first.end());
    for (const OptionSpec& spec : second) {
        const auto same = [&](const OptionSpec& own) { return own.long_name == spec.long_name; };
        if (std::none_of(first.begin(), first.end(), same)) out.push_back(spec);
    }
    return out;
}

using Taker = Result<void> (*)(Options&, const std::string&);

template <auto Member>
Result<void> take(Options& options, const std::string& value) {
    options.*Member = value;
    return {};
}

template <auto Member>
Result<void> take_flag(Options& options, const std::string&) {
    options.*Member = true;
    return {};
}

template <auto Member>
Result<void> append(Options& options, const std::string& value) {
    (options.*Member).emplace_back(value);
    return {};
}

/// A value that one of the configuration's keys describes.
template <auto Member>
Result<void> take_setting(Options& options, const std::string& value, std::string_view key) {
    auto parsed = config::parse_value(*config::find_key(key), value);
    if (!parsed) return parsed.error();
    options.*Member = parsed->text;
    return {};
}

Result<void> take_prompt(Options& options, const std::string& value) {
    if (value.find_first_not_of(" \t\r\n") == std::string::npos)
        return Error{"the prompt is empty"};
    options.prompt = value;
    return {};
}

Result<void> take_output_format(Options& options, const std::string& value) {
    constexpr std::array<std::string_view, 3> kNames = {"text", "json", "stream-json"};
    const auto* const name = std::find(kNames.begin(), kNames.end(), value);
    if (name == kNames.end())
        return Error{in_quotes(value) + " is not one of text, json, stream-json"};
    options.output_format = static_cast<OutputFormat>(name - kNames.begin());
    return {};
}

Result<void> take_session(Options& options, const std::string& value) {
    if (!is_session_id(value)) {
        return Error{in_quotes(value) +
                     " is not a session id: 1 to 64 letters, digits, '.', '_' and '-', the first a "
                     "letter or digit"};
    }
    options.session = value;
    return {};
}

template <auto Member>
Result<void> take_count(Options& options, const std::string& value) {
    const auto count = parse_integer(value);
    if (!count || *count < 1) return Error{in_quotes(value) + " is not a whole number from 1"};
    options.*Member = count;
    return {};
}

Result<void> take_max_budget_usd(Options& options, const std::string& value) {
    const auto dollars = parse_number(value);
    // Less than the smallest amount that is counted would be 0, which is used up at once.
    if (!dollars || agent::Money::of_dollars(*dollars) == agent::Money())
        return Error{in_quotes(value) + " is not a positive number of US dollars, such as 0.50"};
    options.max_budget_usd = dollars;
    return {};
}

Result<void> take_define(Options& options, const std::string& value) {
    const auto equals = value.find('=');
    if (equals == std::string::npos || equals == 0)
        return Error{in_quotes(value) + " is not KEY=VALUE"};
    options.defines.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    return {};
}

struct OptionBinding {
    std::string_view name;
    Taker take;
};

constexpr auto kProvider = [](Options& o, const std::string& v) {
    return take_setting<&Options::provider>(o, v, "model.provider");
};
constexpr auto kModel = [](Options& o, const std::string& v) {
    return take_setting<&Options::model>(o, v, "model.name");
};
constexpr auto kSandbox = [](Options& o, const std::string& v) {
    return take_setting<&Options::sandbox>(o, v, "sandbox.mode");
};
constexpr auto kLogLevel = [](Options& o, const std::string& v) {
    return take_setting<&Options::log_level>(o, v, "log.level");
};

constexpr OptionBinding kBindings[] = {
    {"prompt", take_prompt},
    {"output-format", take_output_format},
    {"session", take_session},
    {"continue", take_flag<&Options::continue_last>},
    {"replay", take<&Options::replay>},
    {"record", take<&Options::record>},
    {"max-turns", take_count<&Options::max_turns>},
    {"max-budget-usd", take_max_budget_usd},
    {"max-tokens-total", take_count<&Options::max_tokens_total>},
    {"json-schema", take<&Options::json_schema>},
    {"no-wait", take_flag<&Options::no_wait>},
    {"version", take_flag<&Options::version>},
    {"workspace", take<&Options::workspace>},
    {"add-dir", append<&Options::add_dirs>},
    {"model", kModel},
    {"provider", kProvider},
    {"yes", take_flag<&Options::yes>},
    {"allow", append<&Options::allow>},
    {"deny", append<&Options::deny>},
    {"plugin-dir", append<&Options::plugin_dirs>},
    {"config", take<&Options::config>},
    {"define", take_define},
    {"log-level", kLogLevel},
    {"sandbox", kSandbox},
    {"help", take_flag<&Options::help>},
};

/// Whether the option may have an empty value. Paths, rules and names must not be empty.
bool may_be_empty(std::string_view name) {
    const auto takes_none = [&](const OptionSpec& spec) {
        return spec.long_name == name && spec.argument.empty();
    };
    return name == "prompt" || std::any_of(kRunOptions.begin(), kRunOptions.end(), takes_none) ||
           std::any_of(kSharedOptions.begin(), kSharedOptions.end(), takes_none);
}

/// Writes one given option into `options`. Options that are not in the table are ignored.
Result<void> apply_option(const Arguments::GivenOption& given, Options& options) {
    const auto* const binding =
        std::find_if(std::begin(kBindings), std::end(kBindings),
                     [&](const OptionBinding& b) { return b.name == given.name; });
    if (binding == std::end(kBindings)) return {};
    if (given.value.empty() && !may_be_empty(given.name)) {
        return Error{"--" + std::string(given.name) + ": the value is empty"};
    }
    if (auto taken = binding->take(options, given.value); !taken) {
        return taken.error().while_doing("--" + std::string(given.name));
    }
    return {};
}

Result<void> check_together(const Options& options) {
    if (options.session && options.continue_last) {
        return Error{"--session and --continue exclude each other"};
    }
    if (options.provider == "replay" && !options.replay) {
        return Error{"--provider replay needs --replay FILE"};
    }
    if (options.replay && options.provider && options.provider != "replay") {
        return Error{"--replay and --provider " + *options.provider + " exclude each other"};
    }
    if (options.replay && options.record) return Error{"--replay and --record exclude each other"};
    return {};
}

Result<void> take_command(const Arguments& arguments, Options& options) {
    if (arguments.words.empty()) return {};
    const std::string& word = arguments.words.front();
    if (find_command(word) == nullptr || arguments.dashes_at) {
        std::vector<std::string_view> names;
        for (const Command& command : commands())
            if (!command.is_hidden()) names.push_back(command.spec.word());
        const auto meant = arguments.dashes_at ? std::nullopt : nearest(word, names);
        return Error{
            "unexpected argument " + in_quotes(word) + "; " +
            (meant ? "did you mean 'tenon " + std::string(*meant) + "'?"
                   : "a prompt is given as -p TEXT, commands are " + names_of_commands(names))};
    }
    for (const Arguments::GivenOption& given : arguments.options) {
        const auto same = [&](const OptionSpec& spec) { return spec.long_name == given.name; };
        if (given.name != "version" && std::any_of(kRunOptions.begin(), kRunOptions.end(), same)) {
            return does_not_go_with(given.name, "tenon " + word);
        }
    }
    options.command = word;
    options.rest.assign(arguments.words.begin() + 1, arguments.words.end());
    return {};
}

}  // namespace

Result<Options> parse_options(std::span<const std::string> args) {
    const auto arguments = parse_arguments(main_options(), args, true);
    if (!arguments) return arguments.error();
    Options options;
    for (const Arguments::GivenOption& given : arguments->options) {
        if (auto applied = apply_option(given, options); !applied) return applied.error();
    }
    if (auto taken = take_command(*arguments, options); !taken) return taken.error();
    if (auto checked = check_together(options); !checked) return checked.error();
    return options;
}

Options options_from(std::span<const Arguments::GivenOption> given) {
    Options options;
    for (const Arguments::GivenOption& option : given)
        (void)apply_option(option, options);
    return options;
}

config::Overrides overrides_of(const Options& options) {
    config::Overrides out;
    out.workspace = options.workspace;
    out.add_dirs = options.add_dirs;
    out.plugin_dirs = options.plugin_dirs;
    out.config = options.config;
    out.replay = options.replay;
    out.record = options.record;
    out.yes = options.yes;
    const auto add = [&](const char* key, const std::string& value, const char* option) {
        out.options.push_back({key, value, option});
    };
    if (options.model) add("model.name", *options.model, "--model");
    if (options.provider) add("model.provider", *options.provider, "--provider");
    if (options.replay && !options.provider) add("model.provider", "replay", "--replay");
    if (options.max_turns) add("agent.maxTurns", std::to_string(*options.max_turns), "--max-turns");
    if (options.log_level) add("log.level", *options.log_level, "--log-level");
    if (options.sandbox) add("sandbox.mode", *options.sandbox, "--sandbox");
    for (const std::string& rule : options.allow)
        add("permissions.allow", rule, "--allow");
    for (const std::string& rule : options.deny)
        add("permissions.deny", rule, "--deny");
    for (const auto& [key, value] : options.defines)
        out.defines.push_back({key, value, "-D"});
    return out;
}

Result<Arguments> parse_command(const CommandSpec& command, Options& options) {
    auto arguments =
        parse_arguments(options_of(command), options.rest, false, {kRunOptions, command.name});
    if (!arguments) return arguments.error();
    for (const Arguments::GivenOption& given : arguments->options) {
        const auto own = [&](const OptionSpec& spec) { return spec.long_name == given.name; };
        if (std::any_of(command.options.begin(), command.options.end(), own)) continue;
        if (auto applied = apply_option(given, options); !applied) return applied.error();
    }
    return arguments;
}

std::vector<OptionSpec> main_options() {
    return joined(kRunOptions, kSharedOptions);
}

std::vector<OptionSpec> options_of(const CommandSpec& command) {
    return joined(command.options, kSharedOptions);
}

std::string main_help() {
    const auto options = main_options();
    const std::string footer = list_of_commands() + "\n" + std::string(kMainFooter);
    return help_text(
        {"tenon", "[options] [-p TEXT]\n[options] COMMAND …",
         "A native agent host: asks a model, runs the tools it calls, and keeps its jobs.", options,
         footer});
}

std::string command_help(const CommandSpec& command) {
    CommandSpec whole = command;
    const auto options = options_of(command);
    whole.options = options;
    return help_text(whole);
}

}  // namespace tenon::cli
