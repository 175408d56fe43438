// The tool agent of the built plugin, with a fake for the host's subagents.
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/plugins/subagent/world.h"

namespace tenon::plugins::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(AgentTool, StatesItsFlagsInLittleRoom) {
    SubagentWorld world;
    world.load();
    const auto specs = world.plugin->registry.specs();
    ASSERT_EQ(specs.size(), 1U);
    EXPECT_EQ(specs[0]->name, "agent");
    EXPECT_TRUE(specs[0]->concurrent);
    EXPECT_TRUE(specs[0]->own_thread);
    EXPECT_FALSE(specs[0]->read_only);
    EXPECT_LE(world.plugin->tools().size(), 500U);
}

TEST(AgentTool, PassesTheTaskOnAndAnswersTheText) {
    SubagentWorld world;
    world.load();
    const auto result = world.agent({{"prompt", "Count the files."},
                                     {"description", "count\nfiles"},
                                     {"model", "small"},
                                     {"max_turns", 5}});
    EXPECT_EQ(result.text, "done");
    EXPECT_FALSE(result.is_error);
    EXPECT_THAT(world.asked, ElementsAre(Json{{"prompt", "Count the files."},
                                              {"description", "count files"},
                                              {"model", "small"},
                                              {"max_turns", 5}}));
    EXPECT_THAT(world.plugin->progress(), ElementsAre("count files"));
}

TEST(AgentTool, DescribesATaskByItsPromptWithoutADescription) {
    SubagentWorld world;
    world.load();
    (void)world.agent({{"prompt", "One line.\nAnother " + std::string(100, 'x')}});
    const std::string shown = "One line. Another " + std::string(59, 'x') + "…";
    EXPECT_THAT(world.plugin->progress(), ElementsAre(shown));
    ASSERT_EQ(world.asked.size(), 1U);
    EXPECT_EQ(world.asked[0]["description"], shown);
    EXPECT_EQ(world.asked[0].size(), 2U);
}

TEST(AgentTool, RefusesWrongArguments) {
    SubagentWorld world;
    world.load();
    const std::string invalid = "Error: invalid arguments for agent: ";
    struct Case {
        Json input;
        std::string error;
    };
    for (const Case& c : std::vector<Case>{
             {Json::object(), invalid + "prompt is missing; it must be a string"},
             {{{"prompt", 1}}, invalid + "prompt must be a string"},
             {{{"prompt", " \n"}}, "Error: the prompt is empty"},
             {{{"prompt", ""}, {"description", "d"}}, "Error: the prompt is empty"},
             {{{"prompt", "p"}, {"description", 1}}, invalid + "description must be a string"},
             {{{"prompt", "p"}, {"subagent_type", true}},
              invalid + "subagent_type must be a string"},
             {{{"prompt", "p"}, {"model", Json::array()}}, invalid + "model must be a string"},
             {{{"prompt", "p"}, {"max_turns", 0}}, invalid + "max_turns must be at least 1"},
             {{{"prompt", "p"}, {"max_turns", 1.5}}, invalid + "max_turns must be an integer"},
             {{{"prompt", "p"}, {"max_turns", "3"}}, invalid + "max_turns must be an integer"},
             {{{"prompt", "p"}, {"tools", {"bash"}}}, "tools"},
         }) {
        SCOPED_TRACE(c.input.dump());
        const auto result = world.agent(c.input);
        EXPECT_THAT(result.text, HasSubstr(c.error));
        EXPECT_TRUE(result.is_error);
    }
    EXPECT_TRUE(world.asked.empty());
}

TEST(AgentTool, PassesOnWhyASubagentFailed) {
    SubagentWorld world;
    world.load();
    struct Case {
        std::string why;
        tenon_rc rc;
        std::string text;
    };
    for (const Case& c : std::vector<Case>{
             {"the endpoint says 529", TENON_FAILED, "Error: the endpoint says 529"},
             {"no model x", TENON_BAD_ARGS, "Error: no model x"},
             {"cancelled", TENON_CANCELLED, "[interrupted]"},
         }) {
        SCOPED_TRACE(c.text);
        world.answer = ServiceReply::failed(c.why, c.rc);
        const auto result = world.agent({{"prompt", "p"}});
        EXPECT_EQ(result.text, c.text);
        EXPECT_TRUE(result.is_error);
    }
}

TEST(AgentTool, AsksForWhatTheDefinitionSays) {
    SubagentWorld world;
    world.define("/a/rev.md",
                 "name: rev\ndescription: Reviews.\ntools: Read, Grep\ndisallowedTools: [Bash]\n"
                 "model: small\nmaxTurns: 9",
                 "You review.\n");
    world.load();
    (void)world.agent({{"prompt", "p"}, {"description", "d"}, {"subagent_type", "rev"}});
    EXPECT_THAT(world.asked, ElementsAre(Json{{"prompt", "p"},
                                              {"description", "d"},
                                              {"system", "You review."},
                                              {"tools", {"read_file", "grep"}},
                                              {"disallowed_tools", {"bash"}},
                                              {"model", "small"},
                                              {"max_turns", 9}}));
}

TEST(AgentTool, LetsACallNameAnotherModelAndFewerTurns) {
    SubagentWorld world;
    world.define("/a/rev.md", "name: rev\ndescription: d\nmodel: small\nmaxTurns: 9");
    world.load();
    for (const auto& [asked, granted] : {std::pair(3, 3), std::pair(20, 9)}) {
        world.asked.clear();
        (void)world.agent(
            {{"prompt", "p"}, {"subagent_type", "rev"}, {"model", "large"}, {"max_turns", asked}});
        ASSERT_EQ(world.asked.size(), 1U);
        EXPECT_EQ(world.asked[0]["model"], "large");
        EXPECT_EQ(world.asked[0]["max_turns"], granted);
    }
}

TEST(AgentTool, TakesAnEmptyTypeForNone) {
    SubagentWorld world;
    world.load();
    EXPECT_EQ(world.agent({{"prompt", "p"}, {"subagent_type", ""}}).text, "done");
}

TEST(AgentTool, NamesTheKnownTypesWhenAskedForAnother) {
    SubagentWorld world;
    world.load();
    const Json input = {{"prompt", "p"}, {"subagent_type", "nope"}};
    auto result = world.agent(input);
    EXPECT_TRUE(result.is_error);
    EXPECT_EQ(result.text, "Error: Unknown subagent_type 'nope'. None is defined: leave it out.");

    world.untrusted.push_back({{"path", "/ws/.claude/agents/c.md"}});
    world.define("/a/a.md", "name: a\ndescription: d");
    world.define("/a/b.md", "name: b\ndescription: d");
    result = world.agent(input);
    EXPECT_TRUE(result.is_error);
    EXPECT_EQ(
        result.text,
        "Error: Unknown subagent_type 'nope'. Known: a, b; or leave it out for a general one. "
        "Not used, because the user has not trusted them: /ws/.claude/agents/c.md.");
    EXPECT_TRUE(world.asked.empty());
}

TEST(AgentTool, FindsATypeThatWasTrustedMeanwhile) {
    SubagentWorld world;
    world.load();
    world.define("/a/late.md", "name: late\ndescription: d");
    EXPECT_EQ(world.agent({{"prompt", "p"}, {"subagent_type", "late"}}).text, "done");
}

}  // namespace
}  // namespace tenon::plugins::testing
