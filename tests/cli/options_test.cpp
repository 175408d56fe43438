#include "host/cli/options.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/cli/command_list.h"

namespace tenon::cli {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

Options parsed(const Words& args) {
    auto options = parse_options(args);
    EXPECT_TRUE(options) << (options ? "" : options.error().message);
    return options ? *options : Options{};
}

Words texts(const std::vector<config::ConfigEntry>& entries) {
    Words out;
    for (const config::ConfigEntry& entry : entries)
        out.push_back(entry.origin + ": " + entry.key + "=" + entry.value);
    return out;
}

TEST(Options, BecomeEntriesOfTheConfiguration) {
    const auto overrides = overrides_of(
        parsed({"-p", "x", "--replay", "f", "--model", "m", "--max-turns", "3", "--log-level",
                "info", "--sandbox", "off", "--allow", "a", "--deny", "d", "-D", "k=v", "--yes"}));
    EXPECT_THAT(
        texts(overrides.options),
        ::testing::ElementsAre("--model: model.name=m", "--replay: model.provider=replay",
                               "--max-turns: agent.maxTurns=3", "--log-level: log.level=info",
                               "--sandbox: sandbox.mode=off", "--allow: permissions.allow=a",
                               "--deny: permissions.deny=d"));
    EXPECT_THAT(texts(overrides.defines), ::testing::ElementsAre("-D: k=v"));
    EXPECT_EQ(overrides.replay, "f");
    EXPECT_TRUE(overrides.yes);
}

TEST(Options, TakesAWholeRun) {
    const Options o = parsed({"-p",
                              "do it",
                              "--output-format=json",
                              "--session",
                              "s.1",
                              "--workspace",
                              "/ws",
                              "--add-dir",
                              "a",
                              "--add-dir=b",
                              "--model",
                              "m",
                              "--record",
                              "r.jsonl",
                              "--yes",
                              "--allow",
                              "Bash(ls)",
                              "--deny",
                              "Read",
                              "--plugin-dir",
                              "p",
                              "--max-turns",
                              "7",
                              "--no-wait",
                              "--config",
                              "c.xml",
                              "-D",
                              "a.b=c=d",
                              "-De.f=",
                              "--log-level=debug"});
    EXPECT_EQ(o.prompt, "do it");
    EXPECT_EQ(o.output_format, OutputFormat::kJson);
    EXPECT_EQ(o.session, "s.1");
    EXPECT_EQ(o.workspace, "/ws");
    EXPECT_EQ(o.add_dirs, (std::vector<std::filesystem::path>{"a", "b"}));
    EXPECT_EQ(o.model, "m");
    EXPECT_EQ(o.record, "r.jsonl");
    EXPECT_TRUE(o.yes);
    EXPECT_EQ(o.allow, Words{"Bash(ls)"});
    EXPECT_EQ(o.deny, Words{"Read"});
    EXPECT_EQ(o.plugin_dirs, (std::vector<std::filesystem::path>{"p"}));
    EXPECT_EQ(o.max_turns, 7);
    EXPECT_TRUE(o.no_wait);
    EXPECT_EQ(o.config, "c.xml");
    EXPECT_EQ(o.defines,
              (std::vector<std::pair<std::string, std::string>>{{"a.b", "c=d"}, {"e.f", ""}}));
    EXPECT_EQ(o.log_level, "debug");
    EXPECT_EQ(o.command, "");
}

TEST(Options, LeavesUnsetWhatWasNotGiven) {
    const Options o = parsed({});
    EXPECT_EQ(o.prompt, std::nullopt);
    EXPECT_EQ(o.output_format, std::nullopt);
    EXPECT_EQ(o.provider, std::nullopt);
    EXPECT_FALSE(o.yes || o.no_wait || o.continue_last || o.help || o.version);
}

TEST(Options, RecognisesASubCommandOnlyAsTheFirstWord) {
    const Options o =
        parsed({"--workspace", "config", "jobs", "run", "--", "make", "-p", "config"});
    EXPECT_EQ(o.command, "jobs");
    EXPECT_EQ(o.workspace, "config");
    EXPECT_EQ(o.rest, (Words{"run", "--", "make", "-p", "config"}));
    EXPECT_EQ(parsed({"-p", "jobs"}).command, "");
    for (const Command& command : commands())
        EXPECT_EQ(parsed({std::string(command.spec.word())}).command, command.spec.word());
}

TEST(Options, RefusesWithTheOptionsNameAndWhatIsAllowed) {
    struct Case {
        Words args;
        std::vector<std::string> parts;
    };
    const Case cases[] = {
        {{"-p", "a", "-p", "b"}, {"--prompt", "twice"}},
        {{"-p", "a", "--prompt=b"}, {"--prompt", "twice"}},
        {{"-p", ""}, {"--prompt", "empty"}},
        {{"-p", " \n"}, {"--prompt", "empty"}},
        {{"-p"}, {"--prompt", "needs a value"}},
        {{"--session", "a", "--continue"}, {"--session", "--continue"}},
        {{"--session", "../x"}, {"--session", "../x", "letters"}},
        {{"--session", std::string(65, 'a')}, {"--session", "64"}},
        {{"--session="}, {"--session", "empty"}},
        {{"--output-format", "xml"}, {"--output-format", "xml", "text, json, stream-json"}},
        {{"--provider", "acme"},
         {"--provider", "acme", "anthropic, openai, openai-responses, replay"}},
        {{"--provider", "replay"}, {"--provider replay", "--replay FILE"}},
        {{"--provider", "anthropic", "--replay", "f"}, {"--replay", "--provider anthropic"}},
        {{"--replay", "f", "--record", "g"}, {"--replay", "--record"}},
        {{"--max-turns", "0"}, {"--max-turns", "0", "whole number from 1"}},
        {{"--max-turns", "-3"}, {"--max-turns", "-3"}},
        {{"--max-turns", "1.5"}, {"--max-turns", "1.5"}},
        {{"--max-turns", "99999999999999999999"}, {"--max-turns", "whole number"}},
        {{"--max-budget-usd", "0"}, {"--max-budget-usd", "0", "positive number"}},
        {{"--max-budget-usd", "-0.5"}, {"--max-budget-usd", "-0.5"}},
        {{"--max-budget-usd", "1e-13"}, {"--max-budget-usd", "1e-13", "positive number"}},
        {{"--max-budget-usd", "inf"}, {"--max-budget-usd", "inf"}},
        {{"--max-budget-usd", "nan"}, {"--max-budget-usd", "nan"}},
        {{"--max-budget-usd", "0,5"}, {"--max-budget-usd", "0,5"}},
        {{"--max-budget-usd="}, {"--max-budget-usd", "empty"}},
        {{"--max-tokens-total", "0"}, {"--max-tokens-total", "0", "whole number from 1"}},
        {{"--max-tokens-total", "1.5"}, {"--max-tokens-total", "1.5"}},
        {{"--log-level", "loud"}, {"--log-level", "loud", "trace, debug, info"}},
        {{"-D", "novalue"}, {"--define", "novalue", "KEY=VALUE"}},
        {{"-D", "=x"}, {"--define", "KEY=VALUE"}},
        {{"--json-schema"}, {"--json-schema", "needs a value"}},
        {{"--json-schema="}, {"--json-schema", "empty"}},
        {{"--model", ""}, {"--model", "empty"}},
        {{"--allow="}, {"--allow", "empty"}},
        {{"--workspace="}, {"--workspace", "empty"}},
        {{"--promt", "x"}, {"--promt", "--prompt"}},
        {{"--sess", "x"}, {"unknown option --sess"}},
        {{"--yes=1"}, {"--yes", "no value"}},
        {{"hello"}, {"hello", "-p TEXT"}},
        {{"job"}, {"job", "tenon jobs"}},
        {{"--", "jobs"}, {"jobs", "-p TEXT"}},
        {{"-p", "x", "config", "show"}, {"--prompt", "tenon config"}},
        {{"--continue", "jobs"}, {"--continue", "tenon jobs"}},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(::testing::PrintToString(c.args));
        const auto options = parse_options(c.args);
        ASSERT_FALSE(options);
        for (const std::string& part : c.parts)
            EXPECT_THAT(options.error().message, HasSubstr(part));
    }
}

TEST(Options, ReplayIsAProviderOfItsOwn) {
    EXPECT_EQ(parsed({"--replay", "f"}).replay, "f");
    EXPECT_EQ(parsed({"--provider", "replay", "--replay", "f"}).provider, "replay");
}

TEST(Options, ASubCommandTakesItsOwnAndTheSharedOptionsAnywhere) {
    constexpr OptionSpec kOwn[] = {{0, "json", "", "as JSON"}, {0, "yes", "", "its own meaning"}};
    const CommandSpec command{"tenon jobs", "list", "Jobs.", kOwn};
    Options options =
        parsed({"-D", "a=1", "jobs", "list", "--json", "-D", "b=2", "--yes", "--workspace=/x"});
    const auto arguments = parse_command(command, options);
    ASSERT_TRUE(arguments);
    EXPECT_EQ(arguments->words, Words{"list"});
    EXPECT_TRUE(arguments->has("json"));
    EXPECT_TRUE(arguments->has("yes"));
    EXPECT_FALSE(options.yes);
    EXPECT_EQ(options.workspace, "/x");
    EXPECT_EQ(options.defines.size(), 2U);

    options = parsed({"jobs", "list", "-p", "x"});
    EXPECT_FALSE(parse_command(command, options));
    options = parsed({"jobs", "--help"});
    ASSERT_TRUE(parse_command(command, options));
    EXPECT_TRUE(options.help);
    EXPECT_THAT(command_help(command), HasSubstr("--json"));
    EXPECT_THAT(command_help(command), HasSubstr("--workspace DIR"));
    EXPECT_THAT(command_help(command), HasSubstr("its own meaning"));
    EXPECT_EQ(command_help(command).find("deny rules still"), std::string::npos);
}

TEST(Options, AnOptionOfRunsDoesNotGoWithACommandWhereverItIs) {
    for (const Command& command : commands()) {
        SCOPED_TRACE(command.spec.name);
        const std::string word(command.spec.word());
        const auto own = options_of(command.spec);
        for (const OptionSpec& spec : main_options()) {
            const auto same = [&](const OptionSpec& one) {
                return one.long_name == spec.long_name;
            };
            if (std::any_of(own.begin(), own.end(), same)) continue;
            Options options = parsed({word, spec.shown(), "3"});
            const auto after = parse_command(command.spec, options);
            ASSERT_FALSE(after);
            EXPECT_EQ(after.error().message,
                      spec.shown() + " does not go with 'tenon " + word + "'");
        }
        const auto before = parse_options(Words{"--max-turns", "3", word});
        ASSERT_FALSE(before);
        EXPECT_EQ(before.error().message, "--max-turns does not go with 'tenon " + word + "'");
        Options options = parsed({word, "-phello"});
        EXPECT_EQ(parse_command(command.spec, options).error().message,
                  "--prompt does not go with 'tenon " + word + "'");
    }
}

TEST(Options, HelpSaysWhatStartsWithoutAPrompt) {
    const std::string help = main_help();
    EXPECT_THAT(help, HasSubstr("an interactive session begins: you type prompts"));
    EXPECT_THAT(help, HasSubstr("/help lists commands and\nkeys"));
}

TEST(Options, HelpNamesEveryOptionOfTheContract) {
    const std::string help = main_help();
    for (const char* name : {"-p, --prompt TEXT",
                             "--output-format",
                             "--session ID",
                             "--continue",
                             "--workspace DIR",
                             "--add-dir DIR",
                             "--model NAME",
                             "--provider",
                             "--replay FILE",
                             "--record FILE",
                             "--yes",
                             "--allow RULE",
                             "--deny RULE",
                             "--plugin-dir DIR",
                             "--max-turns N",
                             "--max-budget-usd N",
                             "--max-tokens-total N",
                             "--json-schema FILE|TEXT",
                             "--no-wait",
                             "--config FILE",
                             "-D, --define KEY=VALUE",
                             "--log-level LEVEL",
                             "-V, --version",
                             "-h, --help"})
        EXPECT_THAT(help, HasSubstr(name));
}

TEST(Options, ABudgetIsAPositiveNumber) {
    const std::vector<std::pair<std::string, double>> cases = {
        {"0.50", 0.5}, {"12", 12}, {"1e-3", 0.001}, {" 2 ", 2}};
    for (const auto& [text, dollars] : cases) {
        SCOPED_TRACE(text);
        const auto options = parse_options(Words{"--max-budget-usd", text});
        ASSERT_TRUE(options) << options.error().message;
        EXPECT_EQ(options->max_budget_usd, dollars);
    }
    const auto tokens = parse_options(Words{"--max-tokens-total=100000"});
    ASSERT_TRUE(tokens);
    EXPECT_EQ(tokens->max_tokens_total, 100'000);
}

}  // namespace
}  // namespace tenon::cli
