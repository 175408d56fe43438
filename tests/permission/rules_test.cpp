#include "host/permission/rules.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/support/tool_facts.h"

namespace tenon::permission {
namespace {

Rule rule(const std::string& text) {
    auto parsed = Rule::parse({text, "--allow", {}}, {"/w", "/home/u"});
    EXPECT_TRUE(parsed.ok()) << text;
    return *std::move(parsed);
}

/// Every part of the command must be matched.
bool allows(const std::string& text, const std::string& command) {
    const shell::Script script = shell::parse_script(command);
    for (const shell::Part& part : script.parts)
        if (!part.nested &&
            !rule(text).allows(part, !script.opaque.empty() || !part.opaque.empty()))
            return false;
    return true;
}

/// One part is enough.
bool denies(const std::string& text, const std::string& command) {
    for (const shell::Part& part : shell::parse_script(command).parts)
        if (rule(text).denies(part)) return true;
    return false;
}

struct RuleMatch {
    std::string rule, command;
    bool matches;
};

TEST(Rules, AllowCommandsAsTheyAreWritten) {
    const std::vector<RuleMatch> cases = {
        {"Bash(npm test)", "npm test", true},
        {"Bash(npm test)", " npm   test ", true},
        {"Bash(npm test)", "npm test 2>&1", true},
        {"Bash(npm test 2>&1)", "npm test 2>&1", true},
        {"Bash(npm test)", "npm test x", false},
        {"Bash(npm test)", "npm", false},
        {"Bash(npm test)", "npm 'test'", false},
        {"Bash(npm run *)", "npm run build --fast", true},
        {"Bash(npm run *)", "npm run", true},
        {"Bash(npm run *)", "npm runx", false},
        {"Bash(npm:*)", "npm", true},
        {"Bash(npm:*)", "npm install x", true},
        {"Bash(npm:*)", "npmx", false},
        {"Bash(npm *)", "npm", true},
        {"Bash(git commit:*)", "git commit -m 'a; b'", true},
        {"Bash(git commit:*)", "git push", false},
        {"Bash(tou*)", "touch t1", true},
        {"Bash(tou*)", "tox", false},
        {"Bash(* --version)", "gcc --version", true},
        {"Bash(git * main)", "git push origin main", true},
        {"Bash(git * main)", "git main", false},
        {"Bash(a*b*a)", "aba", true},
        {"Bash(a*b*a)", "aa", false},
        {"Bash(ab*ba)", "aba", false},
        {"Bash(ls \\*.c)", "ls *.c", true},
        {"Bash(ls \\*.c)", "ls x.c", false},
        {"Bash(grep a\\|b)", "grep a\\|b", true},
        {"Bash(find . -name \\*.c)", "find . -name \\*.c", true},
        {"Bash(touch:*)", "touch a && touch b", true},
        {"Bash(touch:*)", "touch a && python3 -c 1", false},
        {"Bash(touch:*)", "touch a $(python3 -c 1)", false},
        {"Bash(touch:*)", "touch `a`", false},
        {"Bash(touch:*)", "FOO=1 touch a", false},
        {"Bash(FOO=1 touch a)", "FOO=1 touch a", true},
        {"Bash(touch:*)", "ls > /dev/null && touch a", false},
        {"Bash(touch:*)", "touch $x", true},
        {"Bash(touch:*)", "$x a", false},
        {"Bash(touch:*)", "\\touch a", false},
        {"Bash(*)", "echo a", true},
        {"Bash(*)", "echo $(a)", false},
        {"Bash(bash *)", "bash <<E\na\nE", false},
        {"Bash(eval *)", "eval a", false},
        {"Bash", "eval $(a)", true},
        {"Bash", "a; b", true},
        {"Bash(a *)", "a \"b\nc\"", true},
    };
    for (const auto& [text, command, matches] : cases) {
        SCOPED_TRACE(text + " / " + command);
        EXPECT_EQ(allows(text, command), matches);
    }
}

TEST(Rules, DenyCommandsByTheirDecodedWords) {
    const std::vector<RuleMatch> cases = {
        {"Bash(touch:*)", "echo a && touch b", true},
        {"Bash(touch:*)", "FOO=1 touch a", true},
        {"Bash(touch:*)", "to\"uc\"h a", true},
        {"Bash(touch:*)", "\\touch 'a'", true},
        {"Bash(touch:*)", "touch", true},
        {"Bash(touch a)", "touch   'a'", true},
        {"Bash(touch:*)", "echo $(touch b)", true},
        {"Bash(touch:*)", "echo `touch b`", true},
        {"Bash(touch:*)", "cat <(touch b)", true},
        {"Bash(touch:*)", "env A=1 touch b", true},
        {"Bash(touch:*)", "bash -c 'x; touch b'", true},
        {"Bash(touch:*)", "find . -exec touch {} +", true},
        {"Bash(touch:*)", "xargs touch", true},
        {"Bash(touch:*)", "eval 'touch b'", true},
        {"Bash(touch:*)", "/usr/bin/touch b", true},
        {"Bash(touch:*)", "./touch b", false},
        {"Bash(touch:*)", "echo touch b", false},
        {"Bash(touch:*)", "echo 'x; touch b'", false},
        {"Bash(touch:*)", "touchy b", false},
        {"Bash(touch:*)", "/usr/bin/../bin/touch b", true},
        {"Bash(touch:*)", "//usr//./bin/touch b", true},
        {"Bash(touch:*)", "../../../../usr/bin/touch b", true},
        {"Bash(touch:*)", "/home/u/bin/touch b", false},
        {"Bash(/usr/bin/touch *)", "touch b", true},
        {"Bash(/bin/touch *)", "/usr/bin/touch b", true},
        {"Bash(./build.sh *)", "./build.sh x", true},
        {"Bash(./build.sh *)", "././build.sh x", true},
        {"Bash(./build.sh *)", "sub/../build.sh x", true},
        {"Bash(./build.sh *)", "build.sh x", false},
        {"Bash(./build.sh *)", "sub/build.sh x", false},
        {"Bash(touch:*)", "t?uch b", true},
        {"Bash(touch:*)", "[t]ouch b", true},
        {"Bash(touch:*)", "[!t]ouch b", false},
        {"Bash(touch:*)", "/usr/bin/tou* b", true},
        {"Bash(touch:*)", "/u*/bin/touch b", true},
        {"Bash(touch:*)", "./t?uch b", false},
        {"Bash(touch:*)", "t?ch b", false},
        {"Bash(tou*)", "t* b", true},
        {"Bash(git push origin main)", "git push origin ma*", true},
        {"Bash(git push origin main)", "git push origin de*", false},
        {"Bash(git push *)", "git * origin", true},
        {"Bash(rm *secret*)", "rm *", true},
        {"Bash(rm *secret*)", "rm src/*.o", true},  // src/secret.o
        {"Bash(rm *secret*)", "rm src/a.o", false},
        {"Bash(rm -rf *)", "rm *", false},
        {"Bash(rm -rf *)", "rm build/*", false},
        {"Bash(a 'b c')", "a 'b c'", true},
        {"Bash(FOO=1 a)", "FOO=1 a", true},
        {"Bash(git push *)", "git {push,-n} origin", true},
        {"Bash(git push *)", "p=push; git $p origin", true},
        {"Bash(git push *)", "git $p push origin", true},
        {"Bash(aws *)", "aws s3 ls", true},
        {"Bash(curl *evil*)", "curl -s http://evil.example/", true},
        {"Bash", "a", true},
    };
    for (const auto& [text, command, matches] : cases) {
        SCOPED_TRACE(text + " / " + command);
        EXPECT_EQ(denies(text, command), matches);
    }
}

TEST(Rules, CoverTheToolsTheyNameAndNoOthers) {
    const std::vector<RuleMatch> cases = {
        {"Bash", "bash", true},
        {"Bash(x)", "background_run", true},
        {"Bash", "background_check", false},
        {"Read", "read_file", true},
        {"Read(x)", "glob", true},
        {"Read", "grep", true},
        {"Read", "write_file", false},
        {"Edit", "write_file", true},
        {"Edit(x)", "edit_file", true},
        {"Edit", "read_file", false},
        {"Agent(x)", "agent", true},
        {"Skill", "load_skill", true},
        {"my_tool", "my_tool", true},
        {"my_tool", "my_tool2", false},
        {"write_file", "write_file", true},
        {"write_file", "edit_file", false},
        {"mcp__git", "mcp__git__log", true},
        {"mcp__git__*", "mcp__git__log", true},
        {"mcp__git__log", "mcp__git__log", true},
        {"mcp__git__log", "mcp__git__push", false},
        {"mcp__git", "mcp__github__log", false},
    };
    for (const auto& [text, tool, matches] : cases) {
        SCOPED_TRACE(text + " / " + tool);
        agent::ToolSpec spec;
        spec.name = tool;
        spec.facts = testing::facts_of(tool);
        EXPECT_EQ(rule(text).covers(spec), matches);
    }
}

TEST(Rules, MatchTheNamesOfAgentsAndSkills) {
    EXPECT_TRUE(rule("Agent(review)").matches_name("review"));
    EXPECT_FALSE(rule("Agent(review)").matches_name("reviewer"));
    EXPECT_TRUE(rule("Skill(pdf-*)").matches_name("pdf-fill"));
    EXPECT_TRUE(rule("Agent").matches_name("any"));
}

TEST(Rules, ThatCannotBeReadAreReportedWithOriginAndText) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "it is empty"},
        {"Bash(", "it must end with ')'"},
        {"Bash(a", "it must end with ')'"},
        {"Bash(a) b", "it must end with ')'"},
        {"Bash a)", "')' without '('"},
        {"Bash()", "nothing stands between the parentheses"},
        {"Bash( )", "nothing stands between the parentheses"},
        {"Write(x)", "unknown tool 'Write': use Edit"},
        {"WebFetch(domain:a)", "unknown tool 'WebFetch'"},
        {"bash ls", "unknown tool 'bash ls'"},
        {"Greet",
         "unknown tool 'Greet': a rule begins with Bash, Read, Edit, Agent, Skill or the "
         "name of a tool, which has small letters only"},
        {"bash(ls)", "'bash' takes no (…): write Bash(…)"},
        {"my_tool(x)",
         "'my_tool' takes no (…): the rule is about all calls of this tool; write my_tool"},
        {"Read(!x)", "a pattern cannot begin with !"},
        {"Edit(a/../b)", "a pattern may hold .. only at its beginning"},
    };
    for (const auto& [text, why] : cases) {
        SCOPED_TRACE(text);
        const auto parsed =
            Rule::parse({text, "/etc/x.xml: permissions.deny", {}}, {"/w", "/home/u"});
        ASSERT_FALSE(parsed.ok());
        EXPECT_THAT(
            parsed.error().message,
            ::testing::StartsWith("/etc/x.xml: permissions.deny: rule '" + text + "': " + why));
    }
}

TEST(Rules, OfAListAreKeptWhenOthersCannotBeRead) {
    std::vector<Error> errors;
    const auto rules = parse_rules({{"Bash(a)", "o", {}}, {"Nope(", "o", {}}, {" Edit ", "o", {}}},
                                   {"/w", ""}, errors);
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules[1].text(), "Edit");
    EXPECT_EQ(errors.size(), 1U);
}

TEST(Rules, ThatNameAToolNobodyHasAreReportedOnceTheToolsAreKnown) {
    Rules rules;
    for (const char* text : {"Bash(a)", "my_tool", "mcp__git__*", "no_such_tool"})
        rules.allow.push_back(rule(text));
    const auto errors = unknown_tools(rules, {"bash", "my_tool", "mcp__git__log"});
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_THAT(errors[0].message, ::testing::HasSubstr("no_such_tool"));
    rules.allow.clear();
    rules.deny = {rule("my_toool"), rule("mcp__other__tool")};
    const auto misspelt = unknown_tools(rules, {"bash", "my_tool"});
    ASSERT_EQ(misspelt.size(), 1U) << "tools of MCP servers may not be known";
    EXPECT_THAT(misspelt[0].message,
                ::testing::EndsWith("rule 'my_toool' has no effect: there is no tool 'my_toool'; "
                                    "did you mean my_tool?"));
    rules.deny = {rule("mine")};
    const auto plugin = unknown_tools(rules, {"bash", "my_tool"}, {{"mine", {"my_tool", "other"}}});
    ASSERT_EQ(plugin.size(), 1U);
    EXPECT_THAT(plugin[0].message,
                ::testing::EndsWith("there is no tool 'mine'; it is the name of a plugin, and "
                                    "rules name its tools: my_tool, other"));
}

TEST(Rules, QuotedTextMatchesItselfAlone) {
    for (const std::string text : {"ls *.c", "a\\b", "a\\*b", "a:*", "a *", "\\\\", "plain"}) {
        SCOPED_TRACE(text);
        const TextPattern pattern(TextPattern::quote(text));
        EXPECT_TRUE(pattern.matches(text));
        EXPECT_FALSE(pattern.matches(text + "x"));
        EXPECT_FALSE(pattern.matches("a"));
        EXPECT_FALSE(pattern.matches("ls x.c"));
    }
}

}  // namespace
}  // namespace tenon::permission
