#include <gtest/gtest.h>

#include "tests/cli/doctor_checks.h"
#include "tests/cli/plugin_world.h"
#include "tests/config/world.h"
#include "tests/support/temp_dir.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;
using tenon::testing::TempDir;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Doctor, SaysWhichModelAndWhetherThereIsAKey) {
    config::World world;
    EXPECT_THAT(
        check_model(world.examined()),
        ElementsAre(is_check("model", kError, "no model is named", StartsWith("tenon --model")),
                    is_check("key", kError, "no key for the provider anthropic is set",
                             StartsWith("export ANTHROPIC_API_KEY="))));
    world.user_says("model.name=m1\n");
    world.sources.credentials.anthropic = "sk-ant-0123456789";
    EXPECT_THAT(check_model(world.examined()), ElementsAre(is_ok("model", "m1, provider anthropic"),
                                                           is_ok("key", "there is one")));
    world.sources.credentials.anthropic.clear();
    world.define("model.baseUrl", "http://127.0.0.1:1");
    EXPECT_THAT(check_model(world.examined()).at(1), is_ok("key", "none is needed"));
    world.define("model.provider", "replay");
    EXPECT_THAT(check_model(world.examined()).at(0),
                is_check("model", kError, HasSubstr("--replay FILE"), "model.provider=anthropic"));
}

TEST(Doctor, SaysWhichKeysTheFallbackModelsNeed) {
    config::World world;
    world.sources.credentials.anthropic = "sk-ant-0123456789";
    world.user_says(
        "model.name=m1\n"
        "model.fallback.1.provider=openai\nmodel.fallback.1.name=gpt-x\n"
        "model.fallback.2.name=local\nmodel.fallback.2.baseUrl=http://127.0.0.1:1\n");
    EXPECT_THAT(
        check_model(world.examined()),
        ElementsAre(is_ok("model", "m1"), is_ok("key", "there is one"),
                    is_check("key", kError,
                             "no key for the provider openai is set, which the fallback model "
                             "gpt-x needs",
                             "export OPENAI_API_KEY=YOUR-KEY"),
                    is_ok("key", "none is needed for the fallback model local")));
    world.sources.credentials.openai = "sk-0123456789";
    EXPECT_THAT(check_model(world.examined()).at(2),
                is_ok("key", "there is one for the fallback model gpt-x"));
    world.define("model.provider", "replay");
    EXPECT_EQ(check_model(world.examined()).size(), 2U) << "none is asked";
}

TEST(Doctor, ReportsAWorkspaceThatNoSandboxProtects) {
    config::World world;
    world.sources.cwd = "/";
    world.define("sandbox.mode", "workspace");
    EXPECT_THAT(
        check_configuration(world.examined()),
        ElementsAre(is_check("configuration", kError,
                             EndsWith("the workspace / would let commands write everything"),
                             "go into a project's directory, or use --workspace DIR")));
}

TEST(Doctor, ReportsEveryErrorAndWarningOfTheConfiguration) {
    config::World world;
    EXPECT_THAT(check_configuration(world.examined()),
                ElementsAre(is_ok("configuration", "no files")));
    world.user_says("model.name=m1\n");
    EXPECT_THAT(check_configuration(world.examined()),
                ElementsAre(is_ok("configuration", "read " + (world.dir / "home").string())));
    world.user_says("modle.name=m1\nagent.maxTurns=many\n");
    world.workspace_says("log.file=/x\n");
    world.overrides.add_dirs = {"/nonexistent"};
    EXPECT_THAT(
        check_configuration(world.examined()),
        ElementsAre(
            is_check("configuration", kError, HasSubstr("tenon.properties:1"), HasSubstr("")),
            is_check(
                "configuration", kError, HasSubstr("tenon.properties:2"),
                "correct it (what is in /etc, the administrator can), then: tenon config check"),
            is_check("configuration", kError, HasSubstr("/nonexistent"), HasSubstr("")),
            is_check("configuration", kWarning, HasSubstr("log.file"), HasSubstr(""))));
}

TEST(Doctor, DoesNotAskTheUserToCorrectALock) {
    config::World world;
    world.system_says("final=permissions\n");
    world.user_says("permissions.allow=Bash\n");
    EXPECT_THAT(
        check_configuration(world.examined()),
        ElementsAre(is_check(
            "configuration", kWarning, HasSubstr(" is locked by "),
            "correct it (what is in /etc, the administrator can), then: tenon config check")));
}

TEST(Doctor, WantsNoKeyForAServerWithAWrongAddress) {
    config::World world;
    world.define("model.baseUrl", "nonsense");
    EXPECT_THAT(check_configuration(world.examined()),
                ElementsAre(is_check("configuration", kError, HasSubstr("model.baseUrl"),
                                     HasSubstr("correct it"))));
    EXPECT_THAT(check_model(world.examined()).at(1), is_ok("key", "not checked"));
}

TEST(Doctor, SaysNothingOfAnotherServerWhereTheAddressOfAFallbackModelIsWrong) {
    config::World world;
    world.user_says(
        "model.baseUrl=http://h\nmodel.fallback.1.name=n\n"
        "model.fallback.1.baseUrl=http://h?key=x\n");
    EXPECT_THAT(check_model(world.examined()).at(2),
                is_ok("key", "not checked for the fallback model n"));
    EXPECT_THAT(check_network(world.examined()).at(2),
                is_ok("server", "of the fallback model n: not looked at"));
}

TEST(Doctor, NamesNoRemedyThatALockKeepsOut) {
    config::World world;
    world.system_says("final.1=model.name\nfinal.2=model.baseUrl\n");
    const Checks checks = check_model(world.examined());
    EXPECT_THAT(
        check_named(checks, "model").remedy,
        AllOf(StartsWith("ask the administrator: model.name has no value, and is locked by "),
              EndsWith("tenon.properties:1")));
    EXPECT_EQ(check_named(checks, "key").remedy, "export ANTHROPIC_API_KEY=YOUR-KEY");
}

TEST(Doctor, WorksWithoutAWorkspaceAndWithoutAStateDirectory) {
    config::World world;
    world.sources.cwd.clear();
    world.sources.cwd_problem = "the current directory is gone";
    world.sources.environment = {{"HOME", "relative"}, {"TENON_STATE_DIR", "also/relative"}};
    const config::Configuration found = world.examined();
    EXPECT_THAT(check_configuration(found),
                Contains(is_check("configuration", kError, "the current directory is gone",
                                  "tenon doctor --workspace DIR")));
    EXPECT_THAT(check_storage(found, world.sources.environment),
                Contains(is_check("state directory", kError, "there is none",
                                  "export TENON_STATE_DIR=DIR")));
    EXPECT_THAT(check_plugins(found), Not(IsEmpty()));
}

// ---------------------------------------------------------------- plugins and programs

class DoctorOfPlugins : public ::testing::Test {
protected:
    /// An installation like the one that is built here.
    DoctorOfPlugins() {
        for (const char* folder : {"lib/tenon/plugins", "libexec/tenon"}) {
            fs::create_directories(world_.dir / "prefix" / folder);
            fs::copy(fs::path(TENON_PREFIX) / folder, world_.dir / "prefix" / folder,
                     fs::copy_options::recursive);
        }
        world_.sources.prefix = world_.dir / "prefix";
    }
    [[nodiscard]] fs::path installed(const char* file) const {
        return world_.dir / "prefix" / file;
    }
    [[nodiscard]] Checks checks() const { return check_plugins(world_.examined()); }
    config::World world_;
};

TEST_F(DoctorOfPlugins, CountsThoseThatCanBeUsed) {
    EXPECT_THAT(checks(), ElementsAre(is_ok("plugins", "5 can be used"),
                                      is_ok("helper programs", "tenon-shim"),
                                      is_ok("helper programs", "tenon-plugin-host")));
}

TEST_F(DoctorOfPlugins, TakesAThirdPartyPluginThatIsLeftOutForAWarning) {
    world_.dir.write("home/.local/share/tenon/plugins/other.so", "no library");
    EXPECT_THAT(checks(),
                Contains(is_check("plugins", kWarning, HasSubstr("other.so is left out: not a"),
                                  HasSubstr("remove the file"))));
    EXPECT_THAT(checks(), Each(Field(&Check::status, Not(kError))));
}

TEST_F(DoctorOfPlugins, TakesWhatIsMissingOfTheInstallationForAnError) {
    fs::remove(installed("lib/tenon/plugins/bash.so"));
    fs::permissions(installed("libexec/tenon/tenon-shim"), fs::perms::owner_read);
    fs::remove(installed("libexec/tenon/tenon-plugin-host"));
    const Checks found = checks();
    EXPECT_THAT(found, Contains(is_check("plugins", kError, HasSubstr("bash.so is left out"),
                                         "install the host again")));
    EXPECT_THAT(found, Contains(is_check("helper programs", kError,
                                         HasSubstr("tenon-shim cannot be executed"),
                                         HasSubstr("install"))));
    EXPECT_THAT(found,
                Contains(is_check("helper programs", kError,
                                  HasSubstr("tenon-plugin-host is not there"), HasSubstr(""))));
    fs::remove(installed("lib/tenon/plugins/manifest.json"));
    EXPECT_THAT(checks(), Contains(is_check("plugins", kError, HasSubstr("lists no plugin"),
                                            "install the host again")));
}

TEST_F(DoctorOfPlugins, ReportsADirectoryOfTheCommandLineThatIsMissing) {
    world_.overrides.plugin_dirs = {"/nonexistent"};
    EXPECT_THAT(checks(),
                Contains(is_check("plugins", kError, "--plugin-dir /nonexistent: no such directory",
                                  HasSubstr("exists"))));
}

TEST(Doctor, LooksForBashInThePath) {
    const TempDir dir;
    EXPECT_THAT(check_bash({{"PATH", dir.path().string()}}),
                ElementsAre(is_check("shell", kError, HasSubstr(dir.path().string()),
                                     HasSubstr("export PATH="))));
    fs::permissions(dir.write("bash", ""), fs::perms::owner_all);
    EXPECT_THAT(check_bash({{"PATH", "/nonexistent:" + dir.path().string()}}),
                ElementsAre(is_ok("shell", (dir / "bash").string())));
}

}  // namespace
}  // namespace tenon::cli
