#include "host/plugins/grants.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "tests/plugins/workbench.h"
#include "tests/support/temp_dir.h"

namespace tenon::plugins {
namespace {

namespace fs = std::filesystem;
using tenon::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Workbench;
using Texts = std::vector<std::string>;

plugin::Note note_with(Texts needs, std::string summary = {}) {
    plugin::Note note;
    note.id = "weather";
    note.needs = std::move(needs);
    note.summary = std::move(summary);
    return note;
}

TEST(Grants, GiveWhatIsBothNeededAndGranted) {
    const auto rights =
        rights_of(note_with({"network", "read:/srv/data/one", "write:~/out"}),
                  {"network", "exec", "read:/srv/data", "write:~/out", "unconfined", "read:/else"},
                  "/home/u");
    ASSERT_TRUE(rights) << rights.error().reason;
    EXPECT_TRUE(rights->network);
    EXPECT_FALSE(rights->exec);
    EXPECT_TRUE(rights->unconfined);
    EXPECT_THAT(rights->read, ElementsAre("/srv/data/one", "/home/u/out"));
    EXPECT_THAT(rights->write, ElementsAre("/home/u/out"));
    EXPECT_THAT(rights->unused, ElementsAre("exec", "read:/else"));
}

TEST(Grants, CoverDirectoriesAtAndBeneathTheGrantedOne) {
    const struct {
        const char* need;
        const char* grant;
        bool covered;
    } cases[] = {
        {"read:/a/b", "read:/a/b", true},   {"read:/a/b", "read:/a/b/", true},
        {"read:/a/b/", "read:/a/b", true},  {"read:/a//b", "read:/a/./b", true},
        {"read:/a/b/c", "read:/a/b", true}, {"read:/a/b", "read:/", true},
        {"read:~", "read:/home/u", true},   {"read:/home/u/x", "read:~/", true},
        {"read:/a/b", "write:/a", true},    {"write:/a/b", "write:/a", true},
        {"read:/a", "read:/a/b", false},    {"read:/a/bc", "read:/a/b", false},
        {"write:/a/b", "read:/a/b", false}, {"read:/a", "network", false},
        {"network", "exec", false},         {"exec", "network", false},
        {"exec", "unconfined", false},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(std::string(row.need) + " by " + row.grant);
        EXPECT_EQ(rights_of(note_with({row.need}), {row.grant}, "/home/u").ok(), row.covered);
    }
}

TEST(Grants, CompareWhatLinksLeadTo) {
    const TempDir dir;
    fs::create_directories(dir / "real/data");
    fs::create_directories(dir / "other");
    fs::create_directory_symlink(dir / "real", dir / "link");
    const auto is_covered = [&](const fs::path& need, const fs::path& grant) {
        return rights_of(note_with({"read:" + need.string()}), {"read:" + grant.string()}, "").ok();
    };
    EXPECT_TRUE(is_covered(dir / "link/data", dir / "real"));
    EXPECT_TRUE(is_covered(dir / "real/data", dir / "link"));
    // A link inside of what is granted does not lead out of it.
    fs::create_directory_symlink(dir / "other", dir / "real/data/out");
    EXPECT_FALSE(is_covered(dir / "real/data/out", dir / "real"));
    const auto rights = rights_of(note_with({"read:" + (dir / "link/data").string()}),
                                  {"read:" + (dir / "link").string()}, "");
    EXPECT_THAT(rights->read, ElementsAre((dir / "real/data").string()));
}

TEST(Grants, NameTheLineToAddForEachNeedThatIsNotGranted) {
    const auto one = rights_of(note_with({"network"}, "Asks the \x1b[31mweather service."), {}, "");
    ASSERT_FALSE(one);
    EXPECT_EQ(one.error().reason,
              "the plugin weather needs network, which is not granted to it; its author says: "
              "\"Asks the weather service.\"");
    EXPECT_EQ(
        one.error().remedy,
        "if it may do that, add plugins.weather.grants.1=network to your tenon.properties (in "
        "tenon.xml: <plugins><weather><grants>network</grants></weather></plugins>)");
    const auto more =
        rights_of(note_with({"network", "read:/srv", "exec"}), {"network", "write:/tmp/x"}, "");
    ASSERT_FALSE(more);
    EXPECT_THAT(more.error().reason, HasSubstr("needs read:/srv and exec, which"));
    EXPECT_THAT(more.error().remedy,
                HasSubstr("add plugins.weather.grants.3=read:/srv and "
                          "plugins.weather.grants.4=exec to your tenon.properties"));
    EXPECT_THAT(more.error().remedy, HasSubstr("<grants>read:/srv</grants><grants>exec</grants>"));
}

TEST(Grants, AreRefusedWithTheFormsThatExist) {
    const std::pair<const char*, const char*> cases[] = {
        {"netwrok", "plugins.weather.grants: \"netwrok\" is not known"},
        {"", "is not known"},
        {"all", "is not known"},
        {"read:data", "absolute path"},
        {"read:/a/..", "has .. in its path"},
        {"write:~/x", "the home directory is not known"},
    };
    for (const auto& [grant, reason] : cases) {
        SCOPED_TRACE(grant);
        const auto rights = rights_of(note_with({}), {grant}, "");
        ASSERT_FALSE(rights);
        EXPECT_THAT(rights.error().reason, HasSubstr(reason));
        EXPECT_THAT(rights.error().remedy,
                    HasSubstr("allowed: network, exec, read:DIR, write:DIR, unconfined"));
    }
}

TEST(Grants, OfNothingAreEnoughForAPluginWithoutNeeds) {
    const auto rights = rights_of(note_with({}), {}, "");
    ASSERT_TRUE(rights);
    EXPECT_FALSE(rights->network || rights->exec || rights->unconfined);
    EXPECT_THAT(rights->read, IsEmpty());
    EXPECT_THAT(rights->write, IsEmpty());
}

class ConfinementOfAPlugin : public ::testing::Test {
protected:
    ConfinementOfAPlugin() {
        options_.workspace = "/w";
        options_.home = "/home/u";
        options_.hidden = {"/home/u/.ssh", "/home/u/.local/state/tenon"};
        options_.by_id["weather"].grants = {"read:/data", "read:/w/inside", "write:/w/out",
                                            "write:/data/out"};
    }
    [[nodiscard]] plugin::Confinement confinement() const {
        const auto made = confinement_for(
            note_with({"read:/data", "read:/w/inside", "write:/w/out", "write:/data/out"}),
            {"/state/copy.so", "/plugins", "/state/own"}, options_);
        if (!made) throw std::runtime_error(made.error().reason);
        return *made;
    }
    LoaderOptions options_;
};

TEST_F(ConfinementOfAPlugin, HasThePlacesOfThePluginAndItsRights) {
    const plugin::Confinement made = confinement();
    EXPECT_EQ(made.library, "/state/copy.so");
    EXPECT_EQ(made.plugin_dir, "/plugins");
    EXPECT_EQ(made.state_dir, "/state/own");
    EXPECT_EQ(made.workspace, "/w");
    EXPECT_THAT(made.read, ElementsAre("/data", "/w/inside", "/w/out", "/data/out"));
    EXPECT_THAT(made.write, ElementsAre("/w/out", "/data/out"));
    EXPECT_THAT(made.hidden, ElementsAre("/home/u/.ssh", "/home/u/.local/state/tenon"));
    EXPECT_FALSE(made.network || made.exec || made.unconfined);
}

TEST_F(ConfinementOfAPlugin, LeavesOutTheWorkspaceWhereRulesDecideAboutReading) {
    options_.workspace_readable = false;
    const plugin::Confinement made = confinement();
    EXPECT_EQ(made.workspace, "");
    EXPECT_THAT(made.read, ElementsAre("/data", "/data/out"));
    EXPECT_THAT(made.write, ElementsAre("/w/out", "/data/out"));
    EXPECT_THAT(made.hidden, ElementsAre("/home/u/.ssh", "/home/u/.local/state/tenon", "/w"));
}

TEST_F(ConfinementOfAPlugin, IsRefusedWithoutTheGrants) {
    options_.by_id.clear();
    const auto made = confinement_for(note_with({"exec"}), {"/l.so", "/p", "/s"}, options_);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().reason, HasSubstr("needs exec"));
}

TEST_F(ConfinementOfAPlugin, IsNamedWhereAResultShowsThatItStoppedSomething) {
    const plugin::Confinement made = confinement();
    EXPECT_EQ(
        hint_of_confinement("weather", made, "connect: Permission denied"),
        "[sandbox: the plugin weather writes only its own directory and /w/out and /data/out, "
        "has no network and starts no programs; plugins.weather.grants can allow what its "
        "needs name]");
    EXPECT_EQ(hint_of_confinement("weather", made, "no such city"), "");
    plugin::Confinement all;
    all.network = all.exec = true;
    EXPECT_EQ(hint_of_confinement("weather", all, "chmod: Operation not permitted (os error 1)"),
              "[sandbox: the plugin weather writes only its own directory and does not read the "
              "workspace itself; plugins.weather.grants can allow what its needs name]");
}

TEST(Grants, OfUnconfinedAreNamedWhereTheKernelCannotConfine) {
    const auto refusal = cannot_be_confined("weather", {"network"}, "it lacks Landlock");
    EXPECT_EQ(refusal.reason, "it lacks Landlock");
    EXPECT_THAT(refusal.remedy, HasSubstr("plugins.weather.grants.2=unconfined"));
}

TEST(Loader, RefusesAPluginUntilItsNeedsAreGranted) {
    Workbench bench;
    bench.put("needs", "needs");
    bench.open();
    ASSERT_EQ(bench.problems.size(), 1U);
    EXPECT_THAT(bench.problems[0].reason, HasSubstr("needs network and read:/data"));
    EXPECT_THAT(bench.problems[0].remedy, HasSubstr("plugins.needs.grants.1=network"));
    bench.options.by_id["needs"].grants = {"network", "read:/data"};
    bench.open();
    EXPECT_THAT(bench.problems, IsEmpty());
}

TEST(Loader, RefusesAPluginWithANeedThatIsNotKnown) {
    Workbench bench;
    bench.put("unknown_need", "misfit");
    bench.open();
    ASSERT_EQ(bench.problems.size(), 1U);
    EXPECT_THAT(bench.problems[0].reason, HasSubstr("\"teleport\" is not known"));
}

}  // namespace
}  // namespace tenon::plugins
