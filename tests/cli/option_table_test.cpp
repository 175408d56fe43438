#include "host/cli/option_table.h"

#include <sstream>

#include <gtest/gtest.h>

namespace tenon::cli {
namespace {

using Words = std::vector<std::string>;

constexpr OptionSpec kTable[] = {{'n', "name", "NAME", "who it is", Repeat::kOnce},
                                 {'D', "define", "KEY=VALUE", "one more", Repeat::kList},
                                 {0, "level", "N", "the last counts"},
                                 {'f', "follow", "", "a flag"}};

std::string spell(const Result<Arguments>& arguments) {
    if (!arguments) return "error: " + arguments.error().message;
    std::string out;
    for (const auto& given : arguments->options)
        out += "[" + std::string(given.name) + "=" + given.value + "]";
    for (const auto& word : arguments->words)
        out += "(" + word + ")";
    if (arguments->dashes_at) out += "--" + std::to_string(*arguments->dashes_at);
    return out;
}

TEST(OptionTable, TakesEverySpellingOfAnOption) {
    struct Case {
        Words args;
        const char* expected;
    };
    const Case cases[] = {
        {{}, ""},
        {{"--name", "x"}, "[name=x]"},
        {{"--name=x=y"}, "[name=x=y]"},
        {{"--name="}, "[name=]"},
        {{"-n", "x"}, "[name=x]"},
        {{"-nx"}, "[name=x]"},
        {{"-n=x"}, "[name=x]"},
        {{"-Da.b=c"}, "[define=a.b=c]"},
        {{"-n", "-"}, "[name=-]"},
        {{"-n", "- item"}, "[name=- item]"},
        {{"--level", "-5"}, "[level=-5]"},
        {{"a", "-f", "b", "--name", "c", "d"}, "[follow=][name=c](a)(b)(d)"},
        {{"a", "--", "-f", "--", "x"}, "(a)(-f)(--)(x)--1"},
        {{"-"}, "(-)"},
        {{"--level", "1", "--level", "2"}, "[level=1][level=2]"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.expected);
        EXPECT_EQ(spell(parse_arguments(kTable, c.args)), c.expected);
    }
}

TEST(OptionTable, ErrorsNameTheOptionAndWhatIsAllowed) {
    struct Case {
        Words args;
        const char* expected;
    };
    const Case cases[] = {
        {{"--nam", "x"}, "error: unknown option --nam; did you mean --name?"},
        {{"--folow"}, "error: unknown option --folow; did you mean --follow?"},
        {{"--zzzzzzz=1"}, "error: unknown option --zzzzzzz; --help lists the options"},
        {{"-x"}, "error: unknown option -x; --help lists the options"},
        {{"--"}, "--0"},
        {{"--name"}, "error: --name needs a value: --name NAME"},
        {{"-D"}, "error: --define needs a value: --define KEY=VALUE"},
        {{"--name", "--follow"},
         "error: --name needs a value before --follow (a value that looks like an option: "
         "--name=NAME)"},
        {{"-n", "--"},
         "error: --name needs a value before -- (a value that looks like an option: --name=NAME)"},
        {{"--follow=yes"}, "error: --follow takes no value"},
        {{"-fn"}, "error: unknown option -fn; short options stand alone"},
        {{"-n", "a", "--name=b"}, "error: --name is given twice"},
        {{"--\x1b[2J"}, "error: unknown option --\\x1b[2J; --help lists the options"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.expected);
        EXPECT_EQ(spell(parse_arguments(kTable, c.args)), c.expected);
    }
}

TEST(OptionTable, DoesNotParseTheWordsOfASubCommand) {
    EXPECT_EQ(spell(parse_arguments(kTable, Words{"-f", "jobs", "--name", "--", "-x"}, true)),
              "[follow=](jobs)(--name)(--)(-x)");
    const auto arguments =
        parse_arguments(kTable, Words{"--level=1", "-D", "a=b", "--level=2", "-Dc=d"});
    ASSERT_TRUE(arguments);
    EXPECT_EQ(arguments->value("level"), "2");
    EXPECT_EQ(arguments->values("define"), (Words{"a=b", "c=d"}));
    EXPECT_FALSE(arguments->has("follow"));
    EXPECT_EQ(arguments->value("name"), std::nullopt);
}

TEST(OptionTable, HelpFitsEightyColumns) {
    constexpr OptionSpec kWordy[] = {
        {'o', "one", "X",
         "a description that is much too long for one line of a terminal of eighty columns, twice "
         "over"},
        {0, "an-option-with-a-long-name", "ARGUMENT", "short", Repeat::kList}};
    const std::string text = help_text(
        {"tenon x",
         "one\ntwo --with a very long line of usage that has to be broken somewhere in it",
         "What it does.", kWordy, "The end.\n"});
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 80U) << line;
    EXPECT_NE(text.find("Usage: tenon x one\n       tenon x two"), std::string::npos) << text;
    EXPECT_NE(text.find("\n  -o, --one X               a description"), std::string::npos) << text;
    EXPECT_NE(text.find("--an-option-with-a-long-name ARGUMENT\n" + std::string(28, ' ') +
                        "short (repeatable)\n"),
              std::string::npos)
        << text;
    EXPECT_TRUE(text.ends_with("The end.\n"));
}

}  // namespace
}  // namespace tenon::cli
