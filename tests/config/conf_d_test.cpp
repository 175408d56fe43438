#include <gmock/gmock.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/config/world.h"

// The files of /etc/tenon/conf.d, and who can write the machine's files.
namespace tenon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

TEST(ConfD, IsReadAfterTheMachinesFileInOrderOfName) {
    World world;
    world.system_says("agent.maxTurns=1\njobs.keepDays=1\nlog.level=info\n");
    const auto write = [&](const char* name, const std::string& text) {
        return world.dir.write(std::string("etc/conf.d/") + name, text).string();
    };
    const auto a = write("10-a.properties", "agent.maxTurns=2\njobs.keepDays=2\n");
    const auto b = write("9-b.xml", "<tenon><agent><maxTurns>3</maxTurns></agent></tenon>");
    const auto c = write("B.xml", "<tenon><jobs><keepDays>4</keepDays></jobs></tenon>");
    const auto d = write("a.properties", "permissions.deny=Bash(curl *)\n");
    for (const char* skipped : {"a.xml~", "a.xml.dpkg-new", "a.properties.bak", ".hidden.xml",
                                ".xml", "README", "#a.xml#", "x.XML"})
        write(skipped, "<nonsense");
    world.user_says("log.level=debug\n");
    const Configuration found = world.examined();
    EXPECT_THAT(found.errors, IsEmpty());
    EXPECT_THAT(found.warnings,
                ElementsAre((world.dir / "etc/conf.d/x.XML").string() +
                            " is not read: names of settings end in .xml or .properties"));
    EXPECT_EQ(found.files, (Texts{(world.dir / "etc/tenon.properties").string(), a, b, c, d,
                                  (world.dir / "home/.config/tenon/tenon.properties").string()}));
    EXPECT_EQ(found.settings.agent.max_turns, 3);
    EXPECT_EQ(found.settings.jobs.keep_days, 4);
    EXPECT_EQ(found.settings.log.level, "debug");
    EXPECT_EQ(found.settings.permissions.deny.size(), 1U);
}

TEST(ConfD, OthersWhoCanWriteTheMachinesFilesAreReported) {
    World world;
    world.system_says("model.name=m\n");
    world.dir.write("etc/conf.d/a.properties", "log.level=info\n");
    EXPECT_THAT(world.examined().warnings, IsEmpty());
    for (const char* path :
         {"etc", "etc/tenon.properties", "etc/conf.d", "etc/conf.d/a.properties"}) {
        SCOPED_TRACE(path);
        const auto file = world.dir / path;
        const auto mode = std::filesystem::status(file).permissions();
        std::filesystem::permissions(file, std::filesystem::perms::others_write,
                                     std::filesystem::perm_options::add);
        EXPECT_THAT(world.examined().warnings,
                    ElementsAre(file.string() +
                                " can be written by others, who can change every lock; "
                                "correct it: chmod go-w " +
                                file.string()));
        std::filesystem::permissions(file, mode);
    }
}

TEST(ConfD, AnotherOwnerOfTheMachinesFilesIsReported) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
    World world;
    const std::string given =
        world.dir.write("etc/conf.d/a.properties", "log.level=info\n").string();
    ASSERT_EQ(::chown(given.c_str(), 65534, 65534), 0);
    EXPECT_THAT(world.examined().warnings,
                ElementsAre(given +
                            " does not belong to root, and its owner can change every lock; "
                            "correct it: chown root " +
                            given));
}

TEST(ConfD, IsOnlyForTheMachine) {
    const World world;
    world.dir.write("home/.config/tenon/conf.d/a.properties", "log.level=debug\n");
    world.dir.write("ws/.tenon/conf.d/a.properties", "log.level=debug\n");
    EXPECT_EQ(world.settings().log.level, "warning");
}

TEST(ConfD, AFileThatCannotBeReadOrParsedIsAnErrorThatNamesIt) {
    World world;
    const auto conf_d = world.dir / "etc/conf.d";
    std::filesystem::create_directories(conf_d / "a.xml");
    std::filesystem::create_symlink("nowhere", conf_d / "b.properties");
    world.dir.write("etc/conf.d/c.xml", "<tenon>\n<model>");
    world.dir.write("etc/conf.d/d.properties", "model.nmae=x\n");
    EXPECT_THAT(world.examined().errors,
                ElementsAre(HasSubstr("conf.d/a.xml"), HasSubstr("conf.d/b.properties"),
                            HasSubstr("conf.d/c.xml:2: not well-formed"),
                            HasSubstr("conf.d/d.properties:1: unknown key")));
    std::filesystem::remove_all(conf_d);
    world.dir.write("etc/conf.d", "");
    EXPECT_THAT(world.examined().errors, ElementsAre(HasSubstr("conf.d cannot be read: ")));
}

TEST(ConfD, AFileCanLock) {
    World world;
    world.dir.write("etc/conf.d/a.xml",
                    "<tenon>\n<sandbox><mode final=\"true\">workspace</mode></sandbox></tenon>");
    world.option_says("sandbox.mode", "off", "--sandbox");
    EXPECT_EQ(world.settings().sandbox.mode, "workspace");
    EXPECT_EQ(world.shown("sandbox.mode").lock, (world.dir / "etc/conf.d/a.xml").string() + ":2");
}

}  // namespace
}  // namespace tenon::config
