#include "tests/cli/plugin_world.h"

namespace tenon::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// `tenon config check`, with plugins.
class PluginCheck : public tenon::testing::PluginWorld {
protected:
    /// Writes the user's configuration, a line for each text.
    void user_says(const std::vector<std::string>& lines) const {
        std::string text;
        for (const std::string& line : lines)
            text += line + "\n";
        PluginWorld::user_says(text);
    }
    [[nodiscard]] std::string place(int line) const {
        return (dir_ / ".config/tenon/tenon.properties").string() + ":" + std::to_string(line) +
               ": ";
    }
    /// What the check writes on standard error. There is no error.
    [[nodiscard]] std::string warnings() const {
        const auto ran = tenon({"config", "check"});
        EXPECT_EQ(ran.code, 0) << ran.err;
        EXPECT_THAT(ran.out, HasSubstr("ok\n"));
        return ran.err;
    }
};

TEST_F(PluginCheck, ComparesTheKeysOfAPluginWithTheSchemaOfItsLastLoad) {
    install("good");
    load_plugins();
    user_says({"plugins.good.tims=3", "plugins.good.greeting=Moin"});
    EXPECT_EQ(warnings(), "tenon: warning: " + place(1) +
                              "plugins.good.tims has no effect: the plugin good has no such key; "
                              "did you mean plugins.good.times?\n");
    user_says({"plugins.good.times=often"});
    EXPECT_EQ(warnings(),
              "tenon: warning: the plugin good will be left out: its configuration: times must be "
              "an integer, not a string (change plugins.good.times (" +
                  place(1).substr(0, place(1).size() - 2) + "))\n");
    user_says({"plugins.good.times=often", "plugins.good.greting=Moin"});
    EXPECT_THAT(warnings(), AllOf(HasSubstr("the plugin good will be left out: "),
                                  HasSubstr("did you mean plugins.good.greeting?")))
        << "what is refused hides no misspelt key";
    user_says({"plugins.good.times=2"});
    EXPECT_EQ(warnings(), "");
    user_says({"plugins.good.times=often", "plugins.good.enabled=false"});
    EXPECT_EQ(warnings(), "") << "what is switched off is not checked";
}

TEST_F(PluginCheck, SaysOnceThatKeysAreNotCheckedWhenTheSchemaIsNotKnown) {
    environment_["TENON_TEST_CONSTRUCTED"] = (dir_ / "constructed").string();
    install("plain");
    EXPECT_EQ(warnings(), "");
    user_says({"plugins.plain.depth=3", "plugins.plain.width=4", "plugins.plain.grants.1=exec"});
    EXPECT_EQ(warnings(),
              "tenon: warning: plugins.plain.grants: exec has no effect, since the "
              "plugin plain does not need it: it states no needs\n"
              "tenon: warning: " +
                  place(1) +
                  "plugins.plain.depth and 1 more: not checked, since the keys of the "
                  "plugin plain are known only after it has been loaded once\n");
    EXPECT_FALSE(std::filesystem::exists(dir_ / "constructed")) << "its code was run";
    EXPECT_FALSE(std::filesystem::exists(dir_ / "state/plugin-data")) << "nothing is created";
}

TEST_F(PluginCheck, SaysWhichPluginsWillBeLeftOutAsTheListDoes) {
    const auto plain = install("plain");
    install("needs");
    EXPECT_THAT(warnings(),
                AllOf(HasSubstr("tenon: warning: the plugin needs will be left out: "),
                      HasSubstr("plugins.needs.grants.1=network"), Not(HasSubstr("plain"))));
    user_says({"plugins.needs.grants.1=network", "plugins.needs.grants.2=read:/data"});
    EXPECT_THAT(warnings(), AllOf(HasSubstr("plugins.needs.grants: read:/data gives the plugin "),
                                  Not(HasSubstr("left out"))))
        << "the directory is missing";
    user_says({"plugins.needs.enabled=false", "plugins.require=known"});
    EXPECT_THAT(warnings(), AllOf(HasSubstr("the plugin " + plain.string() + " will be left out"),
                                  HasSubstr("plugins.require is known, and ")));
}

TEST_F(PluginCheck, SaysThatATimeLimitHasNoEffectInsideTheHost) {
    install("good");
    const std::string why = "the plugin runs in the host";
    user_says({"plugins.good.callTimeout=5s", "plugins.file.callTimeout=5s"});
    EXPECT_EQ(warnings(), "tenon: warning: " + place(2) +
                              "plugins.file.callTimeout has no effect: " + why +
                              ", where a call that takes too long cannot be ended\n");
    user_says({"plugins.good.callTimeout=5s", "plugins.good.isolated=false"});
    const std::string expected = place(1) + "plugins.good.callTimeout has no effect: " + why +
                                 " (plugins.good.isolated=false), where a call that takes too long "
                                 "cannot be ended\n";
    EXPECT_EQ(warnings(), "tenon: warning: " + expected);
    const auto ran = tenon({"tool", "greet", R"({"name":"Bo"})", "--yes"});
    EXPECT_EQ(ran.out, "Hello, Bo!\n");
    EXPECT_EQ(ran.err, "tenon: " + expected);
}

TEST_F(PluginCheck, WarnsOfRulesThatNameNoToolOfAnyPlugin) {
    install("good");
    load_plugins();
    user_says({"permissions.allow.1=greett", "permissions.allow.2=greet", "permissions.ask.1=todo",
               "permissions.deny.1=mcp__git__log", "permissions.deny.2=Read(secret)",
               "permissions.deny.3=compact", "permissions.deny.4=zzzzzzzz"});
    const std::string file = (dir_ / ".config/tenon/tenon.properties").string();
    const std::string expected =
        "tenon: warning: " + file +
        ": permissions.deny: rule 'zzzzzzzz' has no effect: there is no tool 'zzzzzzzz'\n" +
        "tenon: warning: " + file +
        ": permissions.allow: rule 'greett' has no effect: there is no tool 'greett'; did you mean "
        "greet?\n";
    EXPECT_EQ(warnings(), expected);
    user_says({"permissions.allow.1=greet", "plugins.good.enabled=false"});
    EXPECT_EQ(warnings(), "") << "a plugin that is switched off has the tool";
    install("second");
    user_says({"permissions.allow.1=greett"});
    EXPECT_THAT(warnings(), HasSubstr("did you mean greet? (the tools of second are not known "
                                      "yet)\n"));
}

}  // namespace
}  // namespace tenon::cli
