#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/config/sandbox_settings.h"
#include "tests/config/world.h"

// What `~` stands for when $HOME is another directory than the one of the password file.
namespace tenon::config {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// $HOME is `home`, and the password file says `account`.
struct WorldOfTwoHomes : World {
    WorldOfTwoHomes() {
        fs::create_directories(account());
        sources.account_home = account();
    }
    [[nodiscard]] fs::path home() const { return dir / "home"; }
    [[nodiscard]] fs::path account() const { return dir / "account"; }
};

/// Whether a rule for reading of this list is about the path.
bool names_path(const std::vector<RuleText>& list, const Settings& settings, const fs::path& path) {
    std::vector<Error> errors;
    const auto rules = permission::parse_rules(list, {settings.workspace, settings.home}, errors);
    EXPECT_THAT(errors, IsEmpty());
    return std::any_of(rules.begin(), rules.end(),
                       [&](const permission::Rule& rule) { return rule.matches_path(path, true); });
}

TEST(AccountHome, IsWhatATildeOfTheMachinesFilesMeans) {
    const WorldOfTwoHomes world;
    for (const char* folder : {"account/w", "home/w"})
        fs::create_directories(world.dir / folder);
    world.system_says(
        "sandbox.write=~/w\nplugins.path=~/p\nmodel.caFile=~/ca.pem\n"
        "permissions.allow=Edit(~/**)\nplugins.x.grants=read:~/data\n");
    const Settings found = world.settings();
    EXPECT_THAT(found.sandbox.write, ElementsAre(world.account() / "w"));
    EXPECT_THAT(found.plugins.path,
                AllOf(Contains(world.account() / "p"), Not(Contains(world.home() / "p"))));
    EXPECT_EQ(found.model.ca_file, world.account() / "ca.pem");
    EXPECT_TRUE(names_path(found.permissions.allow, found, world.account() / "a"));
    EXPECT_FALSE(names_path(found.permissions.allow, found, world.home() / "a"));
    EXPECT_THAT(found.plugins.by_id.at("x").grants,
                ElementsAre("read:" + (world.account() / "data").string()));
}

TEST(AccountHome, IsNotWhatATildeOfTheUsersOwnFilesMeans) {
    const WorldOfTwoHomes world;
    fs::create_directories(world.home() / "w");
    world.user_says("sandbox.write=~/w\npermissions.allow=Edit(~/**)\nplugins.x.grants=read:~/d\n");
    const Settings found = world.settings();
    EXPECT_THAT(found.sandbox.write, ElementsAre(world.home() / "w"));
    EXPECT_TRUE(names_path(found.permissions.allow, found, world.home() / "a"));
    EXPECT_FALSE(names_path(found.permissions.allow, found, world.account() / "a"));
    EXPECT_THAT(found.plugins.by_id.at("x").grants, ElementsAre("read:~/d"));
}

TEST(AccountHome, IsTheVariableWhereThePasswordFileHasNone) {
    World world;
    fs::create_directories(world.dir / "home/w");
    world.system_says("sandbox.write=~/w\n");
    EXPECT_THAT(world.settings().sandbox.write, ElementsAre(world.dir / "home/w"));
}

TEST(AccountHome, WhatIsForbiddenInOneHomeIsForbiddenInBoth) {
    for (const bool of_machine : {true, false}) {
        SCOPED_TRACE(of_machine ? "the machine's file" : "the user's file");
        const WorldOfTwoHomes world;
        const char* text =
            "permissions.deny=Read(~/.ssh/**)\npermissions.ask=Edit(~/notes)\n"
            "sandbox.denyRead=~/.ssh\n";
        of_machine ? world.system_says(text) : world.user_says(text);
        const Settings found = world.settings();
        for (const fs::path& home : {world.account(), world.home()}) {
            SCOPED_TRACE(home);
            EXPECT_TRUE(names_path(found.permissions.deny, found, home / ".ssh/id"));
            EXPECT_FALSE(names_path(found.permissions.deny, found, home / "id"));
            EXPECT_TRUE(names_path(found.permissions.ask, found, home / "notes"));
            EXPECT_THAT(found.sandbox.deny_read, Contains(home / ".ssh"));
            EXPECT_THAT(hidden_from_plugins(found), Contains(home / ".ssh"));
        }
    }
}

TEST(AccountHome, TheDefaultOfWhatIsNotReadIsForBoth) {
    WorldOfTwoHomes world;
    world.define("sandbox.mode", "workspace");
    const Settings found = world.settings();
    for (const fs::path& home : {world.account(), world.home()}) {
        SCOPED_TRACE(home);
        EXPECT_THAT(found.sandbox.deny_read, Contains(home / ".ssh"));
    }
    const Settings off = World().settings();
    EXPECT_THAT(hidden_from_plugins(found), Contains(world.account() / ".ssh"));
    EXPECT_EQ(hidden_from_plugins(off).size() + 9, [&] {
        Settings both = off;
        both.account_home = "/elsewhere";
        return hidden_from_plugins(both).size();
    }());
}

/// A user may move these directories by a variable; what was recorded before stays where it is.
TEST(AccountHome, NoVariableUncoversTenonsDirectories) {
    const std::vector<std::pair<const char*, const char*>> moves = {{"HOME", "other"},
                                                                    {"XDG_CONFIG_HOME", "c"},
                                                                    {"XDG_STATE_HOME", "s"},
                                                                    {"TENON_STATE_DIR", "t"}};
    for (const auto& [name, folder] : moves) {
        SCOPED_TRACE(name);
        WorldOfTwoHomes world;
        world.system_says("sandbox.mode=workspace\nfinal=sandbox\n");
        world.sources.environment["HOME"] = world.account();
        world.sources.environment[name] = world.dir / folder;
        const Settings found = world.settings();
        const fs::path state = world.account() / ".local/state/tenon";
        const fs::path config = world.account() / ".config/tenon";
        const auto are_covered = AllOf(Contains(state), Contains(config), Contains(found.state_dir),
                                       Contains(found.config_dir));
        EXPECT_THAT(found.sandbox.deny_read, are_covered);
        EXPECT_THAT(found.sandbox.own, are_covered);
        EXPECT_THAT(hidden_from_plugins(found), are_covered);
    }
}

TEST(AccountHome, ARuleOfTheUsersIsNoSecondCopyOfALockedOneWithAnotherHome) {
    const WorldOfTwoHomes world;
    world.system_says("permissions.allow=Edit(~/**)\nfinal=permissions.allow\n");
    world.user_says("permissions.allow=Edit(~/**)\n");
    const Configuration found = world.examined();
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("\"Edit(~/**)\" is left out")));
    EXPECT_FALSE(names_path(found.settings.permissions.allow, found.settings, world.home() / "a"));
    World same;
    same.system_says("permissions.allow=Edit(~/**)\nfinal=permissions.allow\n");
    same.user_says("permissions.allow=Edit(~/**)\n");
    EXPECT_THAT(same.examined().warnings, IsEmpty()) << "it is the same rule";
}

}  // namespace
}  // namespace tenon::config
