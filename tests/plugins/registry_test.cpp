#include "host/plugins/registry.h"

#include <gmock/gmock.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv

#include <gtest/gtest.h>

#include "tests/plugins/workbench.h"

namespace tenon::plugins {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Workbench;
namespace fs = std::filesystem;

class HostTool final : public agent::Tool {
public:
    explicit HostTool(std::string name) { spec_.name = std::move(name), spec_.plugin = "host"; }
    [[nodiscard]] const agent::ToolSpec& spec() const override { return spec_; }
    [[nodiscard]] std::optional<std::string> check(const agent::ToolCall&) const override {
        return std::nullopt;
    }
    agent::ToolResult call(const agent::ToolCall&, agent::CallContext&) override {
        return {"from the host", false, {}};
    }

private:
    agent::ToolSpec spec_;
};

std::vector<std::string> names(const Registry& registry) {
    std::vector<std::string> out;
    for (const auto* spec : registry.specs())
        out.push_back(spec->name);
    return out;
}

TEST(Registry, ListsFirstPartyToolsThenOthersByIdThenTheHosts) {
    Workbench bench;
    bench.registry.add(std::make_unique<HostTool>("compact"));
    bench.put("good", "good");
    bench.put("second");
    bench.put("plain", "plain");
    bench.write_manifest(R"({"v":1,"plugins":["second.so"]})");
    bench.open();
    EXPECT_THAT(names(bench.registry), ElementsAre("second", "greet", "fail", "defect", "garble",
                                                   "flood", "until_cancelled", "deaf", "ask",
                                                   "count", "alone", "plain", "compact"));
}

TEST(Registry, HasTheSpecOfATool) {
    Workbench bench;
    bench.put("good", "good");
    bench.open();
    const agent::ToolSpec& greet = bench.registry.find("greet")->spec();
    EXPECT_EQ(greet.plugin, "good");
    EXPECT_EQ(greet.description, "Greets.");
    EXPECT_EQ(greet.input_schema["required"], Json::array({"name"}));
    EXPECT_FALSE(greet.first_party);
    EXPECT_TRUE(greet.read_only);
    EXPECT_TRUE(greet.concurrent);
    EXPECT_FALSE(greet.own_thread);
    EXPECT_TRUE(bench.registry.find("until_cancelled")->spec().own_thread);
    EXPECT_EQ(bench.registry.find("nothing"), nullptr);
}

TEST(Registry, RefusesAPluginWhoseToolHasTheNameOfAnother) {
    Workbench bench;
    bench.put("good", "good");
    const auto file = bench.put("takes_greet", "takes-greet");
    bench.open();
    ASSERT_EQ(bench.problems.size(), 1U);
    EXPECT_EQ(bench.problems[0].file, file);
    EXPECT_EQ(bench.problems[0].reason,
              "its tool greet has the name of a tool of the plugin good (" +
                  (bench.folder() / "good.so").string() + "), and that one is used");
    EXPECT_EQ(bench.problems[0].remedy,
              "two tools cannot have one name: give one of them another name, or use only one of "
              "the plugins: set plugins.good.enabled=false to use takes-greet, or "
              "plugins.takes-greet.enabled=false to use good");
    EXPECT_EQ(bench.registry.find("greet")->spec().plugin, "good");
}

TEST(Registry, RefusesAPluginWhoseToolHasTheNameOfAHostTool) {
    Workbench bench;
    bench.registry.add(std::make_unique<HostTool>("plain"));
    bench.put("plain", "plain");
    bench.open();
    ASSERT_EQ(bench.problems.size(), 1U);
    EXPECT_EQ(bench.call("plain").text, "from the host");
}

class ChangingTools : public ::testing::Test {
protected:
    ChangingTools() {
        bench_.services.add("tools.changed/1", {}, [this](const ServiceRequest& request) {
            said_.emplace_back(request.plugin);
            return ServiceReply::ok(Json::object());
        });
        bench_.put("changing", "changing");
        bench_.put("second", "second");
        bench_.open();
        EXPECT_TRUE(bench_.problems.empty());
    }
    Plugin& changing() {
        for (const auto& plugin : bench_.registry.plugins())
            if (plugin->id() == "changing") return *plugin;
        throw std::runtime_error("not loaded");
    }
    Workbench bench_;
    std::vector<std::string> said_;
};

TEST_F(ChangingTools, AreTakenUpWhenThePluginIsAskedAgain) {
    EXPECT_EQ(bench_.call("grow", {{"name", "later"}}).text, "grown");
    EXPECT_THAT(said_, ElementsAre("changing"));
    EXPECT_EQ(bench_.registry.find("later"), nullptr);
    ASSERT_TRUE(bench_.registry.refresh_tools("changing"));
    EXPECT_EQ(bench_.call("later").text, "called later");
    EXPECT_EQ(bench_.call("salute").text, "Hello");
    EXPECT_THAT(names(bench_.registry),
                ElementsAre("grow", "salute", "remember", "put", "put_twice", "later", "second"));
    EXPECT_TRUE(bench_.registry.refresh_tools("nobody"));
}

TEST_F(ChangingTools, StayAsTheyWereWhenANameIsTaken) {
    (void)bench_.call("grow", {{"name", "second"}});
    auto refused = bench_.registry.refresh_tools("changing");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().reason,
                HasSubstr("its tool second has the name of a tool of the plugin second"));
    EXPECT_EQ(bench_.call("grow", {{"name", "salute"}}).text, "grown");
    refused = bench_.registry.refresh_tools("changing");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "it lists the tool salute twice");
    EXPECT_EQ(bench_.registry.find("second")->spec().plugin, "second");
    EXPECT_EQ(bench_.call("salute").text, "Hello");
}

TEST_F(ChangingTools, KeepTheirConfigurationWhenThePluginRefusesANewOne) {
    const auto changed = changing().reconfigure({{"greeting", "Moin"}});
    ASSERT_TRUE(changed) << changed.error().reason;
    EXPECT_TRUE(*changed);
    EXPECT_EQ(bench_.call("salute").text, "Moin");
    EXPECT_FALSE(*changing().reconfigure({{"greeting", "Moin"}})) << "it has this one already";
    const auto refused = changing().reconfigure({{"greeting", "Psst"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "it does not whisper");
    const auto misspelt = changing().reconfigure({{"greeting", "Moin"}, {"greting", "x"}});
    ASSERT_TRUE(misspelt) << misspelt.error().reason;
    EXPECT_FALSE(*misspelt) << "a key that it does not have is left out";
    EXPECT_THAT(changing().warnings(), ElementsAre(HasSubstr("greting")));
    EXPECT_EQ(bench_.call("salute").text, "Moin");
}

TEST(Registry, TellsThatAPluginTakesConfigurationOnlyWhenItIsLoaded) {
    Workbench bench;
    bench.put("good", "good");
    bench.open();
    const auto refused = bench.registry.plugins()[0]->reconfigure({{"greeting", "Moin"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "it takes new configuration only when it is loaded");
    EXPECT_EQ(bench.call("greet", {{"name", "Bo"}}).text, "Hello, Bo!");
}

TEST(Registry, DestroysPluginsInReverseOrder) {
    tenon::testing::TempDir dir;
    ::setenv("TENON_TEST_DESTROYED", (dir / "order").c_str(), 1);
    {
        Workbench bench;
        bench.put("plain", "plain");
        bench.put("second", "second");
        bench.open();
    }
    ::unsetenv("TENON_TEST_DESTROYED");
    EXPECT_EQ(dir.read("order"), "second\nplain\n");
}

/// The one plugin of a fixture.
std::unique_ptr<Plugin> opened(Workbench& bench, const std::string& fixture,
                               const std::string& id) {
    fs::remove_all(bench.folder());
    fs::create_directories(bench.folder());
    bench.put(fixture, id);
    Loaded loaded = load(bench.options, bench.services);
    EXPECT_EQ(loaded.plugins.size(), 1U);
    return std::move(loaded.plugins.at(0));
}

TEST(Registry, ReplacesAPluginInItsPlace) {
    Workbench bench;
    bench.put("plain", "plain");
    bench.put("second", "second");
    bench.open();
    EXPECT_THAT(names(bench.registry), ElementsAre("plain", "second"));
    ASSERT_TRUE(bench.registry.replace(opened(bench, "plain_again", "plain")));
    EXPECT_THAT(names(bench.registry), ElementsAre("again", "second"));
    EXPECT_EQ(bench.registry.find("plain"), nullptr);
    EXPECT_NE(bench.registry.find("again"), nullptr);
    ASSERT_TRUE(bench.registry.replace(opened(bench, "plain_again", "plain")));
    EXPECT_THAT(names(bench.registry), ElementsAre("again", "second"));
    ASSERT_TRUE(bench.registry.replace(opened(bench, "takes_greet", "takes-greet")));
    EXPECT_THAT(names(bench.registry), ElementsAre("again", "second", "greet"));
}

TEST(Registry, KeepsTheOldVersionWhenTheNewOneTakesANameOfAnother) {
    Workbench bench;
    bench.registry.add(std::make_unique<HostTool>("again"));
    bench.put("plain", "plain");
    bench.open();
    const auto replaced = bench.registry.replace(opened(bench, "plain_again", "plain"));
    ASSERT_FALSE(replaced);
    EXPECT_THAT(replaced.error().reason,
                HasSubstr("its tool again has the name of a tool of Tenon itself"));
    EXPECT_THAT(names(bench.registry), ElementsAre("plain", "again"));
    EXPECT_EQ(bench.call("plain").is_error, false);
}

TEST(Registry, JoinsTheTextsOfHooksAndLogsWhatTheyThrow) {
    Workbench bench;
    bench.put("good", "good");
    bench.put("raw_throw", "raw-throw");
    bench.open();
    bench.registry.begin_session("s1", "resumed");
    EXPECT_EQ(joined(bench.registry.system_prompts()), "Be good.");
    EXPECT_EQ(bench.registry.reminders(), "Remember s1 resumed.");
    EXPECT_EQ(bench.registry.carried_on(), "");
    EXPECT_THAT(bench.logged(), ::testing::Contains("good: nothing to carry"));
}

}  // namespace
}  // namespace tenon::plugins
