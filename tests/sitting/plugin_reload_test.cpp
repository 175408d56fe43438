#include <csignal>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/sitting/person.h"

/// What /reload takes up of the settings of a third-party plugin, while a person sits at the
/// terminal.
namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

/// A folder of plugins outside the workspace, with one fixture in it.
class ReloadedPlugin {
public:
    explicit ReloadedPlugin(const std::string& fixture) {
        fs::create_directories(folder_ / "plugins");
        put(fixture);
    }
    [[nodiscard]] PersonOptions options(const std::string& settings = {}) const {
        return {.arguments = {"--yes", "--plugin-dir", (folder_ / "plugins").string()},
                .size = {200, 60},
                .settings = settings};
    }

    void put(const std::string& fixture) const {
        fs::copy_file(fs::path(TENON_FIXTURES) / (fixture + ".so"),
                      folder_ / "plugins" / (fixture + ".so"));
    }
    void remove(const std::string& fixture) const {
        fs::remove(folder_ / "plugins" / (fixture + ".so"));
    }

private:
    const TempDir folder_;
};

void reload_with(Person& person, const std::string& settings) {
    person.sandbox.home.write(".config/tenon/tenon.properties", settings);
    person.enters("/reload");
}
/// The pid that the tool `pid` has answered last.
std::string pid_in_last_request(Person& person) {
    const Json body = Json::parse(person.server().requests().back().body);
    const Json& result = body["messages"].back()["content"][0]["content"];
    return result.is_string() ? result.get<std::string>() : result[0]["text"].get<std::string>();
}

TEST(ReloadedSettings, SwitchAPluginOffAndOn) {
    const ReloadedPlugin plugin("misbehaving");
    Person person({calls("t1", "echo", {{"back", "again"}}), expecting(says("Done."), "again")},
                  plugin.options());
    reload_with(person, "plugins.misbehaving.enabled=false\n");
    EXPECT_TRUE(person.sees("unloaded misbehaving: it is switched off")) << person.shown();
    reload_with(person, "\n");
    EXPECT_TRUE(person.sees("loaded misbehaving 0.3")) << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("Done.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(ReloadedSettings, MoveAPluginIntoTheHostAndOut) {
    const ReloadedPlugin plugin("misbehaving");
    Person person(
        {calls("t1", "pid", Json::object()), says("First."), calls("t2", "pid", Json::object()),
         says("Second."), calls("t3", "pid", Json::object()), says("Third.")},
        plugin.options());
    const std::string host = std::to_string(person.terminal().pid());
    person.enters("go");
    EXPECT_TRUE(person.sees("First.")) << person.shown();
    const std::string before = pid_in_last_request(person);
    EXPECT_NE(before, host);
    reload_with(person, "plugins.misbehaving.isolated=false\n");
    EXPECT_TRUE(person.sees("loaded misbehaving 0.3")) << person.shown();
    EXPECT_NE(::kill(std::stoi(before), 0), 0) << "its process has ended";
    person.enters("go");
    EXPECT_TRUE(person.sees("Second.")) << person.shown();
    EXPECT_EQ(pid_in_last_request(person), host);
    reload_with(person, "plugins.misbehaving.isolated=true\n");
    person.enters("go");
    EXPECT_TRUE(person.sees("Third.")) << person.shown();
    EXPECT_NE(pid_in_last_request(person), host);
}

TEST(ReloadedSettings, ChangeHowLongACallMayTake) {
    const ReloadedPlugin plugin("misbehaving");
    Person person(
        {calls("t1", "hang", Json::object()),
         expecting(says("It hung."), "did not return within 300 ms during a call of hang")},
        plugin.options());
    reload_with(person, "plugins.misbehaving.callTimeout=300ms\n");
    EXPECT_TRUE(person.sees("loaded misbehaving 0.3")) << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("It hung.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

TEST(ReloadedSettings, GiveAPluginItsGrantsAndTakeThemAway) {
    const ReloadedPlugin plugin("needs");
    Person person({says("With."), says("Without.")}, plugin.options());
    EXPECT_TRUE(person.sees("needs.so is left out: ")) << person.shown();
    reload_with(person, "plugins.needs.grants.1=network\nplugins.needs.grants.2=read:/data\n");
    EXPECT_TRUE(person.sees("loaded needs ")) << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("With.")) << person.shown();
    EXPECT_NE(person.server().requests().back().body.find("\"name\":\"needs\""), std::string::npos);
    reload_with(person, "plugins.needs.grants.1=network\n");
    EXPECT_TRUE(person.sees("unloaded needs: ")) << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("Without.")) << person.shown();
    EXPECT_EQ(person.server().requests().back().body.find("\"name\":\"needs\""), std::string::npos);
}

TEST(ReloadedSettings, LetAPluginTakeTheToolsOfOneThatGoes) {
    for (const bool is_removed : {true, false}) {
        SCOPED_TRACE(is_removed);
        const ReloadedPlugin plugin("good");
        Person person({}, plugin.options());
        plugin.put("takes_greet");  // which has a tool of the same name
        if (is_removed) plugin.remove("good");
        reload_with(person, is_removed ? "" : "plugins.good.enabled=false\n");
        EXPECT_TRUE(person.sees("unloaded good: ")) << person.shown();
        EXPECT_TRUE(person.sees("loaded takes-greet ")) << person.shown();
    }
}

TEST(ReloadedSettings, GiveAPluginThatFaultsDisabledAnotherChance) {
    const ReloadedPlugin plugin("misbehaving");
    Person person({calls("t1", "crash", Json::object()), calls("t2", "crash", Json::object()),
                   calls("t3", "crash", Json::object()), calls("t4", "echo", {{"too", "late"}}),
                   expecting(says("Disabled."), "is disabled until /reload or the next session"),
                   calls("t5", "echo", {{"once", "more"}}),
                   expecting(says("Works."), "{\\\"once\\\":\\\"more\\\"}")},
                  plugin.options());
    person.enters("go");
    EXPECT_TRUE(person.sees("Disabled.")) << person.shown();
    person.enters("/reload");
    EXPECT_TRUE(person.sees("loaded misbehaving 0.3")) << person.shown();
    person.enters("go");
    EXPECT_TRUE(person.sees("Works.")) << person.shown();
    EXPECT_EQ(person.server().refusals(), 0);
}

}  // namespace
}  // namespace tenon::testing
