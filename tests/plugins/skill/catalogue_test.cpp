// Which skills are found, in which order, and the messages about those that are left out.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/plugins/skill/world.h"

namespace tenon::plugins::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

/// The prompt without its introduction.
std::string list_in(const std::string& prompt) {
    const auto first = prompt.find("\n- ");
    return first == std::string::npos ? "" : prompt.substr(first + 1);
}

TEST(SkillCatalogue, ShowsNameFolderAndDescriptionButNoBody) {
    SkillWorld world;
    world.skill("ws/skills/pdf", "name: pdf\ndescription: |\n  Work with\n  PDF files.", "BODY");
    world.proper("ws/.claude/skills/nested/deeper/csv");
    world.proper("home/.agents/skills/docs");
    world.load();
    EXPECT_EQ(list_in(world.prompt()),
              "- pdf (skills/pdf): Work with PDF files.\n"
              "- csv (.claude/skills/nested/deeper/csv): For csv.\n"
              "- docs (" +
                  (world.user() / "docs").string() + "): For docs.");
    EXPECT_THAT(world.prompt(), HasSubstr("load_skill"));
    EXPECT_EQ(world.logged(), "");
}

TEST(SkillCatalogue, TakesTheFirstOfAName) {
    SkillWorld world;
    world.proper("home/.agents/skills/pdf", "of the user");
    world.proper("ws/.claude/skills/pdf", "of the workspace");
    world.load();
    EXPECT_EQ(world.load_skill("pdf").text, "<skill name=\"pdf\">\nof the workspace\n</skill>");
    EXPECT_EQ(world.logged(), (world.user() / "pdf/SKILL.md").string() + " is left out: " +
                                  (world.workspace() / ".claude/skills/pdf/SKILL.md").string() +
                                  " has the same name and comes first");
}

TEST(SkillCatalogue, WarnsAboutSmallErrorsAndLoadsTheSkill) {
    const std::string long_name(70, 'n');
    struct Case {
        std::string front_matter, name, warning;
    };
    const std::vector<Case> cases = {
        {"name: other\ndescription: d", "other", "the name 'other' is not that of its folder"},
        {"name: My Skill\ndescription: d", "My Skill", "'My Skill' is not made of"},
        {"name: a--b\ndescription: d", "a--b", "'a--b' is not made of"},
        {"name: -a\ndescription: d", "-a", "'-a' is not made of"},
        {"name: " + long_name + "\ndescription: d", long_name, "is not made of at most 64"},
        {"description: d", "folder", "it has no name; its folder's is used"},
        {"name: [a]\ndescription: d", "folder", "it has no name; its folder's is used"},
        {"name: folder\ndescription: Use when: late", "folder", "is not valid YAML; it is read as"},
        {"name: folder\ndescription: " + std::string(1'100, 'd'), "folder",
         "its description is longer than 1,024 bytes and is cut"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.front_matter.substr(0, 60));
        SkillWorld world;
        world.skill("ws/skills/folder", c.front_matter);
        world.load();
        EXPECT_FALSE(world.load_skill(c.name).is_error);
        EXPECT_THAT(world.logged(),
                    ::testing::StartsWith((world.workspace() / "skills/folder/SKILL.md").string()));
        EXPECT_THAT(world.logged(), HasSubstr(c.warning));
    }
}

TEST(SkillCatalogue, LeavesOutWhatItCannotUseAndSaysWhy) {
    const std::string good = "---\nname: bad\ndescription: d\n---\n";
    struct Case {
        std::string bytes, why;
    };
    const std::vector<Case> cases = {
        {"# Just text\n", "it does not begin with front matter"},
        {"---\nname: bad\n---\n", "it has no description"},
        {"---\nname: bad\ndescription:\n---\n", "it has no description"},
        {"---\nname: bad\ndescription: '  '\n---\n", "it has no description"},
        {"---\nname: bad\ndescription: ~\n---\n", "it has no description"},
        {"---\n[a\n---\n", "its front matter is not valid YAML"},
        {"---\nname: bad\ndescription: d\n", "its front matter has no end"},
        {good + "caf\xE9", "it is not UTF-8"},
        {good + std::string(1U << 20U, 'x'), "it is larger than 1 MiB"},
        {"", "it does not begin with front matter"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.bytes.substr(0, 60));
        SkillWorld world;
        world.proper("ws/skills/good");
        world.dir.write("ws/skills/bad/SKILL.md", c.bytes);
        world.load();
        EXPECT_EQ(list_in(world.prompt()), "- good (skills/good): For good.");
        EXPECT_THAT(world.logged(), HasSubstr("skills/bad/SKILL.md is left out: " + c.why));
    }
}

TEST(SkillCatalogue, KeepsASkillWhoseValuesYamlMisreads) {
    struct Case {
        std::string front_matter, description;
    };
    const std::vector<Case> cases = {
        {"description: d\nargument-hint: [a] [b]", "d"},
        {"description: Use this: for that", "Use this: for that"},
        {"description: [beta] Makes PDFs", "[beta] Makes PDFs"},
        {"description: [beta]", "[beta]"},
        {"description: *new* text", "*new* text"},
        {"description: d\nallowed-tools: *", "d"},
        {"description: #1 in its field", "#1 in its field"},
        {"description: d\nmetadata:\n\ta: b", "d"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.front_matter);
        SkillWorld world;
        world.skill("ws/skills/odd", "name: odd\n" + c.front_matter);
        world.load();
        EXPECT_EQ(list_in(world.prompt()), "- odd (skills/odd): " + c.description);
        EXPECT_EQ(world.load_skill("odd").text, "<skill name=\"odd\">\nDo it.\n</skill>");
    }
}

TEST(SkillCatalogue, SummarizesTheMessagesAboutManySkills) {
    SkillWorld world;
    for (int i = 10; i < 50; ++i) {
        world.skill("ws/skills/s" + std::to_string(i), "name: s" + std::to_string(i));
        world.skill("ws/skills/t" + std::to_string(i), "description: d");
    }
    world.load();
    const auto messages = world.plugin->logged();
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_THAT(messages[0], HasSubstr("40 skills are left out: "));
    EXPECT_THAT(messages[0], HasSubstr("skills/s10/SKILL.md is left out: it has no description"));
    EXPECT_THAT(messages[0], HasSubstr("and 37 more (log.level=info shows each)"));
    EXPECT_THAT(messages[1], HasSubstr("40 remarks on skills: "));
    EXPECT_TRUE(world.load_skill("nope").is_error);
    EXPECT_EQ(world.plugin->logged().size(), 2U);
}

TEST(SkillCatalogue, LeavesOutWhatIsNotAReadableFile) {
    struct Case {
        std::function<void(const fs::path&)> make;
        std::string why;
    };
    const std::vector<Case> cases = {
        {[](const fs::path& file) { fs::create_directories(file); }, "it is a folder"},
        {[](const fs::path& file) { ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0); }, "is a FIFO"},
        {[](const fs::path& file) { fs::create_symlink("nowhere", file); }, "No such file"},
        {[](const fs::path& file) { fs::create_symlink("/etc/passwd", file); }, "is outside"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.why);
        SkillWorld world;
        world.proper("ws/skills/good");
        fs::create_directories(world.workspace() / "skills/bad");
        c.make(world.workspace() / "skills/bad/SKILL.md");
        world.load();
        EXPECT_EQ(list_in(world.prompt()), "- good (skills/good): For good.");
        EXPECT_THAT(world.logged(), HasSubstr("skills/bad/SKILL.md is left out: "));
        EXPECT_THAT(world.logged(), HasSubstr(c.why));
    }
}

TEST(SkillCatalogue, SaysThatAFileMayNotBeRead) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
    SkillWorld world;
    world.proper("ws/skills/good");
    world.proper("ws/skills/bad");
    fs::permissions(world.workspace() / "skills/bad/SKILL.md", fs::perms::none);
    world.load();
    EXPECT_EQ(list_in(world.prompt()), "- good (skills/good): For good.");
    EXPECT_THAT(world.logged(), HasSubstr("Permission denied"));
}

TEST(SkillCatalogue, KeepsToTheDenyRules) {
    SkillWorld world;
    world.proper("ws/skills/good");
    world.proper("ws/skills/secret/bad");
    world.load();
    EXPECT_EQ(list_in(world.prompt()), "- good (skills/good): For good.");
    EXPECT_THAT(world.logged(), HasSubstr("rule forbids to read"));
}

TEST(SkillCatalogue, FollowsLinksAndVisitsNoFolderTwice) {
    SkillWorld world;
    world.proper("ws/elsewhere/linked");
    world.proper("ws/skills/group/plain");
    fs::create_symlink("../elsewhere", world.workspace() / "skills/link");
    fs::create_symlink("..", world.workspace() / "skills/group/loop");
    fs::create_directories(world.workspace() / ".claude");
    fs::create_symlink("../skills", world.workspace() / ".claude/skills");
    world.load();
    EXPECT_EQ(list_in(world.prompt()),
              "- plain (skills/group/plain): For plain.\n"
              "- linked (skills/link/linked): For linked.");
    EXPECT_FALSE(world.load_skill("linked").is_error);
    EXPECT_EQ(world.logged(), "");
}

TEST(SkillCatalogue, LetsNoLinkOfAWorkspaceLeadOut) {
    SkillWorld world;
    world.proper("outside/stolen");
    world.proper("ws/skills/good");
    fs::create_symlink(world.dir / "outside", world.workspace() / "skills/out");
    world.load();
    EXPECT_EQ(list_in(world.prompt()), "- good (skills/good): For good.");
    EXPECT_THAT(
        world.logged(),
        HasSubstr("skills in " + (world.workspace() / "skills/out").string() + " are left out: "));
}

TEST(SkillCatalogue, LooksSixLevelsDeepAndNotIntoSkillsOrOtherPeoplesFolders) {
    SkillWorld world;
    world.proper("ws/skills/1/2/3/4/5/six");
    world.proper("ws/skills/1/2/3/4/5/6/seven");
    world.proper("ws/skills/node_modules/x");
    world.proper("ws/skills/.git/y");
    world.proper("ws/skills/outer");
    world.proper("ws/skills/outer/inner");
    world.dir.write("ws/skills/SKILL.md", "---\nname: root\ndescription: d\n---\n");
    world.load();
    EXPECT_EQ(list_in(world.prompt()),
              "- six (skills/1/2/3/4/5/six): For six.\n- outer (skills/outer): For outer.");
}

TEST(SkillCatalogue, StopsAfterTwoThousandFolders) {
    SkillWorld world;
    for (int i = 0; i < 2'000; ++i)
        fs::create_directories(world.workspace() / "skills" / ("d" + std::to_string(i)));
    world.proper("ws/skills/a-first");
    world.proper("ws/skills/z-last");
    world.proper("home/.agents/skills/other");
    world.load();
    EXPECT_THAT(world.prompt(), HasSubstr("- a-first "));
    EXPECT_THAT(world.prompt(), Not(HasSubstr("z-last")));
    EXPECT_THAT(world.prompt(), HasSubstr("- other "));
    EXPECT_THAT(world.logged(), HasSubstr("has more than 2000 folders"));
}

TEST(SkillCatalogue, NeverTakesMoreThanEightKibibytes) {
    SkillWorld world;
    for (int i = 0; i < 200; ++i)
        world.skill("ws/skills/s" + std::to_string(i),
                    "name: s" + std::to_string(i) + "\ndescription: " + std::string(1'000, 'd'));
    world.load();
    EXPECT_LE(world.prompt().size(), 8'192U);
    EXPECT_GT(world.prompt().size(), 7'500U);
    EXPECT_THAT(world.prompt(), HasSubstr("- s0 (skills/s0): ddd"));
    EXPECT_THAT(world.prompt(), ::testing::ContainsRegex("\n\\([0-9]+ more are not shown; "));
    EXPECT_FALSE(world.load_skill("s99").is_error);
    EXPECT_THAT(world.load_skill("?").text, HasSubstr("s0, s1, s10"));
}

TEST(SkillCatalogue, OffersTheSkillsOfPluginsLastAndUnderTheirPluginsName) {
    SkillWorld world;
    world.proper("ws/skills/deploy", "Ours.\n");
    world.proper("ws/acme/skills/deploy", "Theirs.\n");
    world.proper("ws/acme/skills/deploy/inner");
    world.skill("ws/acme/skills/odd", "name: other\ndescription: d");
    world.skill("ws/acme/skills/nameless", "description: d");
    world.skill("ws/acme/skills/long", "name: long\ndescription: " + std::string(1'025, 'd'));
    const auto folder = [&](const char* name) { return world.workspace() / "acme/skills" / name; };
    world.skills_of_plugins = {
        {"acme", {folder("deploy"), folder("odd"), folder("nameless"), folder("long")}}};
    world.load();
    EXPECT_EQ(list_in(world.prompt()),
              "- deploy (skills/deploy): For deploy.\n"
              "- acme:deploy (acme/skills/deploy): For deploy.");
    EXPECT_EQ(world.load_skill("acme:deploy").text,
              "<skill name=\"acme:deploy\">\nTheirs.\n</skill>");
    EXPECT_EQ(world.load_skill("deploy").text, "<skill name=\"deploy\">\nOurs.\n</skill>");
    EXPECT_THAT(
        world.plugin->logged(),
        ElementsAre(
            HasSubstr("odd/SKILL.md is left out: the name 'other' is not that of its folder"),
            HasSubstr("nameless/SKILL.md is left out: it has no name"),
            HasSubstr("long/SKILL.md is left out: its description is longer")));
}

TEST(SkillCatalogue, WarnsOnceHoweverOftenItLooks) {
    SkillWorld world;
    world.proper("ws/skills/good");
    world.dir.write("ws/skills/bad/SKILL.md", "x");
    world.load();
    EXPECT_TRUE(world.load_skill("nope").is_error);
    EXPECT_TRUE(world.load_skill("nope").is_error);
    EXPECT_THAT(world.plugin->logged(), ElementsAre(HasSubstr("skills/bad/SKILL.md is left out")));
}

}  // namespace
}  // namespace tenon::plugins::testing
