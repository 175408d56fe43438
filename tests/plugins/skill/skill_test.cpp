// The tool load_skill of the built plugin.
#include <atomic>
#include <gmock/gmock.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/plugins/skill/world.h"

namespace tenon::plugins::testing {
namespace {

using ::testing::HasSubstr;

TEST(LoadSkill, AnswersTheBodyInItsTag) {
    SkillWorld world;
    world.proper("ws/skills/pdf", "\n# PDF\n\nRun scripts/x.sh.\n\n");
    world.load();
    const auto result = world.load_skill("pdf");
    EXPECT_EQ(result.text, "<skill name=\"pdf\">\n# PDF\n\nRun scripts/x.sh.\n</skill>");
    EXPECT_FALSE(result.is_error);
}

TEST(LoadSkill, IsReadOnlyAndConcurrent) {
    SkillWorld world;
    world.proper("ws/skills/pdf");
    world.load();
    const auto specs = world.plugin->registry.specs();
    ASSERT_EQ(specs.size(), 1U);
    EXPECT_EQ(specs[0]->name, "load_skill");
    EXPECT_TRUE(specs[0]->read_only);
    EXPECT_TRUE(specs[0]->concurrent);
    EXPECT_TRUE(specs[0]->first_party);
    EXPECT_LE(world.plugin->tools().size(), 240U);
}

TEST(LoadSkill, IsNotOfferedWithoutSkills) {
    SkillWorld world;
    world.dir.write("ws/skills/README.md", "no skill");
    world.skill("ws/skills/hidden", "name: hidden\ndescription: d\ndisable-model-invocation: true");
    world.load();
    EXPECT_TRUE(world.plugin->registry.specs().empty());
    EXPECT_EQ(world.prompt(), "");
    EXPECT_EQ(world.logged(), "");
}

TEST(LoadSkill, NamesTheSkillsWhenAskedForAnother) {
    SkillWorld world;
    world.proper("ws/skills/pdf");
    world.proper("home/.agents/skills/docs");
    world.skill("ws/skills/hidden", "name: hidden\ndescription: d\ndisable-model-invocation: true");
    world.load();
    struct Case {
        std::string name, shown;
    };
    for (const Case& c : std::vector<Case>{{"nope", "nope"},
                                           {"", ""},
                                           {"PDF", "PDF"},
                                           {"hidden", "hidden"},
                                           {"../pdf", "../pdf"},
                                           {"a\nb", "a b"},
                                           {std::string(300, 'x'), std::string(97, 'x') + "…"}}) {
        SCOPED_TRACE(c.name);
        const auto result = world.load_skill(c.name);
        EXPECT_EQ(result.text, "Unknown skill '" + c.shown + "'. Available skills: pdf, docs");
        EXPECT_TRUE(result.is_error);
    }
}

TEST(LoadSkill, RefusesOtherArguments) {
    SkillWorld world;
    world.proper("ws/skills/pdf");
    world.load();
    struct Case {
        Json input;
        std::string why;
    };
    for (const Case& c : std::vector<Case>{
             {Json::object(), "name is missing; it must be a string"},
             {{{"name", 5}}, "name must be a string"},
             {{{"name", nullptr}}, "name must be a string"},
             {{{"name", {"pdf"}}}, "name must be a string"},
             {{{"name", "pdf"}, {"args", "x"}}, "args"},
         }) {
        SCOPED_TRACE(c.input.dump());
        const auto result = world.plugin->call("load_skill", c.input);
        EXPECT_THAT(result.text, HasSubstr("Error: invalid arguments for load_skill: "));
        EXPECT_THAT(result.text, HasSubstr(c.why));
        EXPECT_TRUE(result.is_error);
    }
}

TEST(LoadSkill, FindsASkillThatWasAddedMeanwhile) {
    SkillWorld world;
    world.proper("ws/skills/pdf");
    world.load();
    EXPECT_TRUE(world.load_skill("late").is_error);
    world.proper("ws/.claude/skills/late", "Better late.");
    EXPECT_EQ(world.load_skill("late").text, "<skill name=\"late\">\nBetter late.\n</skill>");
}

TEST(LoadSkill, ReadsTheFileAsItIsNow) {
    SkillWorld world;
    world.proper("ws/skills/pdf", "old");
    world.load();
    world.proper("ws/skills/pdf", "new");
    EXPECT_EQ(world.load_skill("pdf").text, "<skill name=\"pdf\">\nnew\n</skill>");
    const std::string file = (world.workspace() / "skills/pdf/SKILL.md").string();
    world.dir.write("ws/skills/pdf/SKILL.md", "no front matter");
    auto result = world.load_skill("pdf");
    EXPECT_TRUE(result.is_error);
    EXPECT_THAT(result.text, ::testing::StartsWith("Error: " + file + ": it does not begin with"));
    std::filesystem::remove(file);
    result = world.load_skill("pdf");
    EXPECT_TRUE(result.is_error);
    EXPECT_THAT(result.text, HasSubstr("No such file"));
}

TEST(LoadSkill, AnswersManyCallsAtOnce) {
    SkillWorld world;
    world.proper("ws/skills/pdf");
    world.load();
    std::vector<std::thread> callers;
    std::atomic<int> right{0};
    for (int i = 0; i < 8; ++i) {
        callers.emplace_back([&, unknown = i % 2 == 0] {
            for (int round = 0; round < 10; ++round)
                if (world.load_skill(unknown ? "nope" : "pdf").is_error == unknown) ++right;
        });
    }
    for (std::thread& caller : callers)
        caller.join();
    EXPECT_EQ(right, 80);
}

TEST(LoadSkill, WritesNoTagOfAForgedName) {
    SkillWorld world;
    world.skill("ws/skills/x", "name: 'a\"> <b>&'\ndescription: d", "body");
    world.load();
    EXPECT_EQ(world.load_skill("a\"> <b>&").text,
              "<skill name=\"a&quot;> &lt;b>&amp;\">\nbody\n</skill>");
}

}  // namespace
}  // namespace tenon::plugins::testing
