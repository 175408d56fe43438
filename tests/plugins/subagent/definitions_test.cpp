// What definition files mean: the requests to the host, and the messages.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/plugins/subagent/world.h"

namespace tenon::plugins::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(AgentDefinitions, AreListedInTheSystemPrompt) {
    SubagentWorld world;
    world.define("/a/rev.md", "name: rev\ndescription: |\n  Reviews\n  code.", "BODY");
    world.define("/a/doc.md", "name: doc\ndescription: Writes.\ncolor: red\nhooks: {a: [b]}");
    world.load();
    EXPECT_EQ(world.prompt(),
              "Kinds of subagents, each a subagent_type of agent:\n- rev: Reviews code.\n"
              "- doc: Writes.");
    EXPECT_THAT(world.plugin->logged(), IsEmpty());
}

TEST(AgentDefinitions, AddNothingWhenThereAreNone) {
    SubagentWorld world;
    world.load();
    EXPECT_EQ(world.prompt(), "");
    EXPECT_THAT(world.plugin->logged(), IsEmpty());
}

TEST(AgentDefinitions, TakeAtMostFourKibibytesOfThePrompt) {
    SubagentWorld world;
    for (int i = 0; i < 150; ++i)
        world.define("/a/" + std::to_string(i) + ".md",
                     "name: a" + std::to_string(i) + "\ndescription: " + std::string(900, 'd'));
    world.load();
    EXPECT_LE(world.prompt().size(), 4'096U);
    EXPECT_THAT(world.prompt(), ::testing::ContainsRegex("\n\\([0-9]+ more are not shown; "));
    EXPECT_EQ(world.agent({{"prompt", "p"}, {"subagent_type", "a149"}}).text, "done");
}

TEST(AgentDefinitions, TheFirstOfANameCounts) {
    SubagentWorld world;
    world.define("/ws/a.md", "name: a\ndescription: first", "First.");
    world.define("/home/a.md", "name: a\ndescription: second", "Second.");
    world.load();
    (void)world.agent({{"prompt", "p"}, {"subagent_type", "a"}});
    EXPECT_EQ(world.asked.at(0)["system"], "First.");
    EXPECT_THAT(world.plugin->logged(),
                ElementsAre("/home/a.md is left out: /ws/a.md has the same name and comes first"));
}

TEST(AgentDefinitions, AreLeftOutWhenTheyCannotBeUsed) {
    struct Case {
        std::string front_matter, why;
    };
    for (const Case& c : std::vector<Case>{
             {"name: a", "it has no description"},
             {"name: a\ndescription: ~", "it has no description"},
             {"[x", "its front matter is not valid YAML"},
             {"name: a\ndescription: d\ntools: {Read: true}", "tools is neither a list of names"},
             {"name: a\ndescription: d\ndisallowedTools: [[Bash]]",
              "disallowedTools is neither a list of names"},
         }) {
        SCOPED_TRACE(c.front_matter);
        SubagentWorld world;
        world.define("/a/a.md", c.front_matter);
        world.load();
        EXPECT_EQ(world.prompt(), "");
        EXPECT_THAT(world.plugin->logged(),
                    ElementsAre(HasSubstr("/a/a.md is left out: " + c.why)));
    }
}

/// The request to the host for an agent with this front matter, without name and description.
struct Asked {
    explicit Asked(const std::string& front_matter) {
        SubagentWorld world;
        world.define("/a/a.md", "name: a\ndescription: d\n" + front_matter);
        world.load();
        (void)world.prompt();
        EXPECT_EQ(world.agent({{"prompt", "p"}, {"subagent_type", "a"}}).text, "done");
        params = world.asked.at(0);
        params.erase("prompt");
        params.erase("description");
        logged = world.plugin->logged();
    }
    Json params;
    std::vector<std::string> logged;
};

TEST(AgentDefinitions, AcceptTheToolNamesOfBothClients) {
    struct Case {
        std::string front_matter;
        Json params;
    };
    const Json none = Json::array();
    for (const Case& c : std::vector<Case>{
             {"x: y", Json::object()},
             {"tools:", Json::object()},
             {"tools: '*'", Json::object()},
             {"tools: []", {{"tools", none}}},
             {"tools: ''", {{"tools", none}}},
             {"tools: Bash, Read,Edit , Write",
              {{"tools", {"bash", "read_file", "edit_file", "write_file"}}}},
             {"tools:\n- Glob\n- Grep\n- LS\n- MultiEdit\n- Skill",
              {{"tools", {"glob", "grep", "edit_file", "load_skill"}}}},
             {"tools: [read_file, my_tool]", {{"tools", {"read_file", "my_tool"}}}},
             {"disallowedTools: Bash, Write", {{"disallowed_tools", {"bash", "write_file"}}}},
             {"tools: Read, Bash\ndisallowedTools: [Bash]",
              {{"tools", {"read_file", "bash"}}, {"disallowed_tools", {"bash"}}}},
             {"disallowedTools: '*'", {{"tools", none}}},
             {"tools: read, BASH, Grep", {{"tools", {"read_file", "bash", "grep"}}}},
             {"tools: Read_File, MY_TOOL", {{"tools", {"read_file", "my_tool"}}}},
             {"tools: Read Grep Bash", {{"tools", {"read_file", "grep", "bash"}}}},
             {"tools: ['Read', \"*\"]", Json::object()},
             {"tools: todo, Read", {{"tools", {"todo", "read_file"}}}},
         }) {
        SCOPED_TRACE(c.front_matter);
        const Asked asked(c.front_matter);
        EXPECT_EQ(asked.params, c.params);
        EXPECT_THAT(asked.logged, IsEmpty());
    }
}

TEST(AgentDefinitions, ReportWhatIsIgnored) {
    struct Case {
        std::string front_matter;
        Json params;
        std::string remark;
    };
    for (const Case& c : std::vector<Case>{
             {"tools: Read, WebFetch", {{"tools", {"read_file"}}}, "there is no WebFetch"},
             {"tools: mcp__web__get", {{"tools", Json::array()}}, "there is no tool mcp__web__get"},
             {"tools: Read, Frobnicate, grep",
              {{"tools", {"read_file", "grep"}}},
              "tools: there is no tool Frobnicate here; it is left out"},
             {"tools: Frobnicate", {{"tools", Json::array()}}, "there is no tool Frobnicate"},
             {"disallowedTools: Frobnicate", Json::object(), "there is no tool Frobnicate"},
             {"tools: *", Json::object(), "its front matter is not valid YAML"},
             {"tools: [*]", Json::object(), "its front matter is not valid YAML"},
             {"tools:\n- Read\n- *", Json::object(), "its front matter is not valid YAML"},
             {"tools: [Read, Grep", {{"tools", {"read_file", "grep"}}}, "is not valid YAML"},
             {"tools: \"Read\", \"Grep\"", {{"tools", {"read_file", "grep"}}}, "is not valid YAML"},
             {"tools: - Read", {{"tools", {"read_file"}}}, "is not valid YAML"},
             {"tools:Read", {{"tools", {"read_file"}}}, "is not valid YAML"},
             {"tools: Agent(rev, doc), Read", {{"tools", {"read_file"}}}, "there is no Agent"},
             {"tools: Bash(git log, git diff)",
              {{"tools", {"bash"}}},
              "only the tool's name counts"},
             {"disallowedTools: TodoWrite", Json::object(), "there is no TodoWrite"},
             {"model: sonnet", Json::object(), "model: sonnet is no model's full name"},
             {"maxTurns: many", Json::object(), "maxTurns: 'many' is no whole number above 0"},
             {"maxTurns: 0", Json::object(), "maxTurns: '0' is no whole number above 0"},
             {"maxTurns: 99999999999999999999", Json::object(), "is no whole number above 0"},
         }) {
        SCOPED_TRACE(c.front_matter);
        const Asked asked(c.front_matter);
        EXPECT_EQ(asked.params, c.params);
        ASSERT_FALSE(asked.logged.empty());
        EXPECT_THAT(asked.logged.back(), HasSubstr("/a/a.md: "));
        EXPECT_THAT(asked.logged, ::testing::Contains(HasSubstr(c.remark)));
    }
}

TEST(AgentDefinitions, WarnOfAnUnknownToolOnceAndAtTheStart) {
    SubagentWorld world;
    world.define("/a/a.md", "name: a\ndescription: d\ntools: Read, Frobnicate");
    world.load();
    const auto warning =
        ElementsAre("/a/a.md: tools: there is no tool Frobnicate here; it is left out");
    (void)world.prompt();
    EXPECT_THAT(world.plugin->logged(), warning);
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(world.agent({{"prompt", "p"}, {"subagent_type", "a"}}).text, "done");
    EXPECT_THAT(world.plugin->logged(), warning);
}

TEST(AgentDefinitions, SummarizeTheMessagesAboutMany) {
    SubagentWorld world;
    for (int i = 100; i < 354; ++i)
        world.define(
            "/a/" + std::to_string(i) + ".md",
            "name: a" + std::to_string(i) + "\ndescription: d\ntools: Read, WebFetch, Foo");
    world.load();
    (void)world.prompt();
    std::vector<std::string> summary;
    for (const std::string& line : world.plugin->logged())
        if (line.find("254 remarks on agent definitions: /a/100.md: tools: ") == 0)
            summary.push_back(line);
    ASSERT_EQ(summary.size(), 2U);  // about the files, and about the known tools
    EXPECT_THAT(summary[0], HasSubstr("there is no WebFetch"));
    EXPECT_THAT(summary[1], HasSubstr("there is no tool Foo"));
    EXPECT_THAT(summary[1], HasSubstr("and 251 more (log.level=info shows each)"));
}

TEST(AgentDefinitions, KeepTheToolNamesWhenTheHostDoesNotListItsTools) {
    SubagentWorld world;
    world.tools = ServiceReply::failed("no such method", TENON_UNSUPPORTED);
    world.define("/a/a.md", "name: a\ndescription: d\ntools: Read, Frobnicate");
    world.load();
    (void)world.agent({{"prompt", "p"}, {"subagent_type", "a"}});
    EXPECT_EQ(world.asked.at(0)["tools"], Json({"read_file", "Frobnicate"}));
    EXPECT_THAT(world.plugin->logged(), IsEmpty());
}

TEST(AgentDefinitions, NameAModelOrTheSessions) {
    EXPECT_EQ(Asked("model: inherit").params, Json::object());
    EXPECT_EQ(Asked("model:").params, Json::object());
    EXPECT_EQ(Asked("model: claude-haiku-4-5").params, Json({{"model", "claude-haiku-4-5"}}));
}

TEST(AgentDefinitions, AreCalledAsTheirFileWhenTheyHaveNoName) {
    SubagentWorld world;
    world.define("/a/code-review.md", "description: d");
    world.load();
    EXPECT_EQ(world.agent({{"prompt", "p"}, {"subagent_type", "code-review"}}).text, "done");
    EXPECT_THAT(world.plugin->logged(),
                ElementsAre("/a/code-review.md: it has no name; 'code-review' is used"));
}

TEST(AgentDefinitions, ThatTheHostCannotGiveAreReportedAndDoNotStopTheTool) {
    SubagentWorld world;
    world.files = ServiceReply::failed("the disk is gone");
    world.load();
    EXPECT_THAT(world.plugin->logged(), ElementsAre("definitions of subagents: the disk is gone"));
    EXPECT_EQ(world.agent({{"prompt", "p"}}).text, "done");
}

TEST(AgentDefinitions, AreOptionalForAnOlderHost) {
    SubagentWorld world;
    world.files = ServiceReply::failed("no such method", TENON_UNSUPPORTED);
    world.load();
    EXPECT_THAT(world.plugin->logged(), IsEmpty());
}

}  // namespace
}  // namespace tenon::plugins::testing
