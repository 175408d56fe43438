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

TEST(Grants, ADirectoryInsideOfWhatThePluginMayWriteAddsNothing) {
    const TempDir dir;
    fs::create_directories(dir / "work/data");
    fs::create_directories(dir / "state");
    fs::create_directories(dir / "secret");
    const std::vector<std::string> needs{"write:" + (dir / "work").string(),
                                         "read:" + (dir / "work/data/in").string(),
                                         "read:" + (dir / "state/mine").string()};
    const auto read_with = [&](const std::vector<std::string>& grants) {
        const auto rights = rights_of(note_with(needs), grants, "", dir / "state");
        return rights ? rights->read : std::vector<std::string>{rights.error().reason};
    };
    const std::vector<std::string> only_work{(dir / "work").string()};
    EXPECT_EQ(read_with(needs), only_work);
    // What the plugin could do next.
    fs::remove(dir / "work/data");
    fs::create_directory_symlink(dir / "secret", dir / "work/data");
    fs::create_directory_symlink(dir / "secret", dir / "state/mine");
    EXPECT_EQ(read_with(needs), only_work);
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

TEST_F(ConfinementOfAPlugin, SaysWhereTheGrantsAreLocked) {
    options_.by_id.clear();
    const auto remedy = [&] {
        return confinement_for(note_with({"exec"}), {"/l.so", "/p", "/s"}, options_).error().remedy;
    };
    EXPECT_THAT(remedy(), ::testing::Not(HasSubstr("locked")));
    options_.grants_locks = {{"other", "/etc/tenon/tenon.xml:3"}};
    EXPECT_THAT(remedy(), ::testing::Not(HasSubstr("locked")));
    options_.grants_locks = {{"", "/etc/tenon/tenon.xml:4"}};
    EXPECT_THAT(remedy(),
                HasSubstr("plugins.weather.grants is locked by /etc/tenon/tenon.xml:4, so "
                          "only the machine's administrator can add to it"));
    options_.grants_locks["weather"] = "/etc/tenon/tenon.xml:5";
    EXPECT_THAT(remedy(), HasSubstr("tenon.xml:5"));
}

class HintOfConfinement : public ConfinementOfAPlugin {
protected:
    HintOfConfinement() { options_.by_id.clear(); }
    [[nodiscard]] std::string hint(const std::string& own_words, const Texts& needs = {}) {
        options_.by_id["weather"].grants = needs;
        const auto made = confinement_for(note_with(needs), {"/l.so", "/p", "/s"}, options_);
        if (!made) throw std::runtime_error(made.error().reason);
        return hint_of_confinement({"weather", needs, needs.size(), options_.workspace}, *made,
                                   own_words);
    }
};

TEST_F(HintOfConfinement, SaysToAPluginWithoutNeedsWhatToStateAndWhatToGrant) {
    EXPECT_EQ(hint("connect: Permission denied"),
              "[sandbox: the plugin weather states no needs, so it writes only its own directory, "
              "has no network and starts no programs; if that is the reason, its author has to "
              "state the need network in its note (TENON_PLUGIN_NEEDS); then add "
              "plugins.weather.grants.1=network to your tenon.properties (in tenon.xml: "
              "<plugins><weather><grants>network</grants></weather></plugins>)]");
    EXPECT_EQ(hint("no such city"), "");
}

TEST_F(HintOfConfinement, NamesTheNeedThatFitsAndTheLineToAdd) {
    const struct {
        const char* own_words;
        Texts needs;
        const char* need;
        const char* line;
    } cases[] = {
        {"fork: Operation not permitted (os error 1)", {}, "exec", "grants.1=exec to"},
        {"open /etc/foo.conf: EACCES", {"network"}, "read:/etc or write:/etc", "grants.2=NEED to"},
        {"cannot write '/data/x': Permission denied",
         {"network", "read:/data"},
         "write:/data",
         "grants.3=write:/data to"},
        {"Permission denied", {}, "network or exec or read:DIR or write:DIR", "grants.1=NEED to"},
        {"Permission denied", {"exec"}, "network or read:DIR or write:DIR", "grants.2=NEED to"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.own_words);
        const std::string said = hint(row.own_words, row.needs);
        EXPECT_THAT(said, HasSubstr("state the need " + std::string(row.need) + " in its note"));
        EXPECT_THAT(said, HasSubstr("plugins.weather." + std::string(row.line)));
    }
    EXPECT_THAT(hint("Permission denied", {"exec"}),
                HasSubstr("weather has the needs exec and no others, so it writes only its own "
                          "directory and has no network;"));
}

TEST_F(HintOfConfinement, AdvisesNothingThatThePluginHas) {
    for (const char* own_words :
         {"chmod /data/x: Operation not permitted", "connect: Permission denied"})
        EXPECT_THAT(hint(own_words, {"network", "write:/data"}),
                    HasSubstr("if that is the reason, no further need allows it]"))
            << own_words;
}

TEST_F(HintOfConfinement, KnowsTheWordsOfAFailedNameResolution) {
    for (const char* own_words : {"curl: (6) Could not resolve host: api.example.org",
                                  "api.example.org: Temporary failure in name resolution",
                                  "getaddrinfo: Name or service not known"}) {
        SCOPED_TRACE(own_words);
        EXPECT_THAT(hint(own_words), HasSubstr("plugins.weather.grants.1=network"));
        EXPECT_EQ(hint(own_words, {"network"}), "");
    }
}

TEST_F(HintOfConfinement, SaysHowTheWorkspaceIsReadWhileRulesForbidSomeOfIt) {
    options_.workspace_readable = false;
    const std::string rules =
        "[sandbox: while deny rules Read(…) are in force, the plugin weather reads the workspace "
        "only through path.open/1";
    EXPECT_EQ(hint("cannot open notes.txt: No such file or directory"), rules + "]");
    EXPECT_EQ(hint("/w/notes.txt: ENOENT"), rules + "]");
    EXPECT_EQ(hint("/etc/notes.txt: No such file or directory"), "");
    EXPECT_EQ(hint("/w/notes.txt: Permission denied"),
              rules +
                  "; the plugin weather changes files of the workspace only through "
                  "path.open/1]");
    EXPECT_THAT(hint("/etc/notes.txt: Permission denied"), HasSubstr("state the need read:/etc"));
    options_.workspace_readable = true;
    EXPECT_EQ(hint("cannot open notes.txt: No such file or directory"), "");
    EXPECT_EQ(hint("/w/notes.txt: Permission denied"),
              "[sandbox: the plugin weather changes files of the workspace only through "
              "path.open/1]");
}

TEST_F(HintOfConfinement, TakesNoUrlForAPath) {
    EXPECT_THAT(hint("https://example.org/a: Permission denied"), HasSubstr("read:DIR"));
}

TEST(Grants, ThatHaveNoEffectAreNamed) {
    EXPECT_THAT(
        warnings_about_grants(note_with({"network"}), {"network", "exec", "unconfined"}, "", true),
        ElementsAre("plugins.weather.grants: exec has no effect, since the plugin weather does "
                    "not need it: it states the needs network"));
    EXPECT_THAT(warnings_about_grants(note_with({}), {"read:/data"}, "", false),
                ElementsAre("plugins.weather.grants: read:/data has no effect, since the plugin "
                            "weather does not need it: it states no needs"));
    // Why such a plugin is not loaded is said elsewhere.
    EXPECT_THAT(warnings_about_grants(note_with({"network"}), {"exec"}, "", true), IsEmpty());
}

TEST(Grants, OfWhatIsNoDirectoryAreNamed) {
    const TempDir dir;
    fs::create_directory(dir / "there");
    dir.write("file", "x");
    const std::string top = dir.path().string();
    const plugin::Note note =
        note_with({"read:" + top + "/there", "write:" + top + "/none", "read:" + top + "/file"});
    const Texts grants{"read:" + top, "write:" + top + "/none"};
    EXPECT_THAT(
        warnings_about_grants(note, grants, "", true),
        ElementsAre("plugins.weather.grants: read:" + top + " gives the plugin weather the " +
                        "directory " + top + "/file, which is no directory: the plugin gets this " +
                        "one file, and no longer after it has been replaced",
                    "plugins.weather.grants: write:" + top + "/none gives the plugin weather the " +
                        "directory " + top + "/none, which does not exist: make it before the " +
                        "plugin starts"));
    EXPECT_THAT(warnings_about_grants(note, grants, "", false), IsEmpty());
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

TEST(Loader, WarnsAboutGrantsThatThePluginDoesNotNeed) {
    Workbench bench;
    bench.put("good", "good");
    bench.options.by_id["good"].grants = {"exec"};
    bench.open();
    ASSERT_THAT(bench.problems, IsEmpty());
    EXPECT_THAT(bench.registry.plugins()[0]->warnings(),
                ElementsAre(HasSubstr("plugins.good.grants: exec has no effect")));
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
