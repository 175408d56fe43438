#include "host/plugins/plugin_tool.h"

#include <future>
#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/utf8.h"
#include "host/plugin/local_instance.h"
#include "host/plugin/running.h"
#include "tests/plugins/workbench.h"

namespace tenon::plugins {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Workbench;

class PluginToolTest : public ::testing::Test {
protected:
    void open(const std::string& fixture, const std::string& id) {
        bench_.put(fixture, id);
        bench_.open();
        ASSERT_TRUE(bench_.problems.empty()) << bench_.problems[0].reason;
    }
    Workbench bench_;
};

TEST_F(PluginToolTest, ReturnsWhatTheToolWrote) {
    open("good", "good");
    const auto result = bench_.call("greet", {{"name", "Ünal \"x\"\n"}});
    EXPECT_EQ(result.text, "Hello, Ünal \"x\"\n!");
    EXPECT_FALSE(result.is_error);
}

TEST_F(PluginToolTest, PassesTheConfigurationAndWhatIsLogged) {
    bench_.options.by_id["good"].own = {{"greeting", "Moin"}, {"times", "2"}};
    open("good", "good");
    EXPECT_EQ(bench_.call("greet", {{"name", "Bo"}}).text, "Moin, Bo!Moin, Bo!");
    EXPECT_THAT(bench_.logged(), ElementsAre("good: set up in /the/workspace"));
}

TEST_F(PluginToolTest, RefusesArgumentsThatDoNotFit) {
    open("good", "good");
    const auto result = bench_.call("greet", {{"name", 7}, {"nmae", "x"}});
    EXPECT_TRUE(result.is_error);
    EXPECT_EQ(result.text,
              "Error: invalid arguments for greet: name must be a string, not 7; "
              "nmae is not allowed; did you mean name?");
    EXPECT_EQ(bench_.call("greet", {{"name", "Bo"}, {"colour", "x"}}).text,
              "Error: invalid arguments for greet: colour is not allowed; allowed: name");
}

TEST_F(PluginToolTest, PassesIntegersWhereTheSchemaStatesThem) {
    open("good", "good");
    EXPECT_EQ(bench_.call("count", Json::parse(R"({"n":2.0,"x":2.0})")).text,
              R"(2 of {"n":2,"x":2.0})");
    EXPECT_EQ(bench_.call("count", Json::parse(R"({"n":1e2})")).text, R"(100 of {"n":100})");
    EXPECT_EQ(bench_.call("count", Json::parse(R"({"n":2.5})")).text,
              "Error: invalid arguments for count: n must be an integer, not 2.5");
}

TEST_F(PluginToolTest, TurnsFailuresIntoErrorResults) {
    open("good", "good");
    const auto failed = bench_.call("fail");
    EXPECT_TRUE(failed.is_error);
    EXPECT_EQ(failed.text, "so far\nError: not today");
    const auto thrown = bench_.call("defect");
    EXPECT_TRUE(thrown.is_error);
    EXPECT_THAT(thrown.text, HasSubstr("at"));
    EXPECT_FALSE(bench_.registry.plugins()[0]->disabled());
}

TEST_F(PluginToolTest, RepairsTextThatIsNotUtf8) {
    open("good", "good");
    EXPECT_EQ(bench_.call("garble").text, "café \uFFFD!");
}

TEST_F(PluginToolTest, KeepsTheBeginningAndTheEndOfAnEndlessResult) {
    open("good", "good");
    const auto result = bench_.call("flood");
    const std::string part(kMaxResultCharacters / 2, 'x');
    EXPECT_EQ(result.text, part + "\n[" + std::to_string((5U << 20U) - kMaxResultCharacters) +
                               " characters omitted]\n" + part);
    EXPECT_THAT(bench_.progress(), ElementsAre("5"));  // told to stop after 4 MiB
}

TEST_F(PluginToolTest, KeepsAResultOfExactlyTheGreatestLength) {
    open("plain", "plain");
    for (const std::size_t more : {0U, 1U}) {
        SCOPED_TRACE(more);
        const std::string text(kMaxResultCharacters - std::string(R"({"a":""})").size() + more,
                               'x');
        const auto result = bench_.call("plain", {{"a", text}});
        const std::string whole = R"({"a":")" + text + R"("})";
        EXPECT_EQ(result.text == whole, more == 0);
        EXPECT_EQ(result.cut_at, more == 0 ? std::string::npos : kMaxResultCharacters / 2);
    }
}

TEST_F(PluginToolTest, DisablesAPluginAfterThreeFaults) {
    open("faults", "faults");
    for (int i = 0; i < plugin::LocalInstance::kMaxFaults; ++i) {
        SCOPED_TRACE(i);
        const auto result = bench_.call("faults");
        EXPECT_TRUE(result.is_error);
        EXPECT_THAT(result.text, HasSubstr("half\nError: a defect in the plugin faults"));
    }
    EXPECT_EQ(bench_.call("faults").text,
              "Error: the plugin faults is disabled until /reload or the next session, after "
              "3 faults; do without its tools");
}

TEST_F(PluginToolTest, CountsAnExceptionThatLeavesThePluginAsAFault) {
    open("raw_throw", "raw-throw");
    const auto result = bench_.call("raw_throw");
    EXPECT_TRUE(result.is_error);
    EXPECT_THAT(result.text, HasSubstr("a defect in the plugin raw-throw"));
    EXPECT_EQ(plugin::running_plugin(), nullptr);
}

TEST_F(PluginToolTest, WakesACallThatIsCancelled) {
    open("good", "good");
    std::promise<void> waiting;
    std::stop_source stop;
    agent::CallContext context({"s", ""}, "t", stop.get_token(),
                               [&](const std::string&) { waiting.set_value(); });
    auto result = std::async(std::launch::async, [&] {
        return bench_.registry.find("until_cancelled")
            ->call({"t", "until_cancelled", Json::object(), ""}, context);
    });
    waiting.get_future().wait();
    stop.request_stop();
    const auto answer = result.get();
    EXPECT_EQ(answer.text, "saw it");
    EXPECT_TRUE(answer.is_error);
}

TEST_F(PluginToolTest, DeliversNoEndByACancelledCall) {
    open("good", "good");
    std::stop_source stop;
    stop.request_stop();
    agent::CallContext context({"s", ""}, "t", stop.get_token(), nullptr);
    context.deliver("0000000a");
    const auto result = bench_.registry.find("until_cancelled")
                            ->call({"t", "until_cancelled", Json::object(), ""}, context);
    EXPECT_EQ(result.text, "saw it");
    EXPECT_EQ(result.delivered_jobs, std::vector<std::string>());
    EXPECT_EQ(context.take_delivered(), std::vector<std::string>());
}

TEST_F(PluginToolTest, DeliversNoEndByAResultThatIsCutOff) {
    open("good", "good");
    agent::CallContext context({"s", ""}, "t", {}, nullptr);
    context.deliver("0000000a");
    const auto result =
        bench_.registry.find("flood")->call({"t", "flood", Json::object(), ""}, context);
    EXPECT_EQ(result.cut_at, kMaxResultCharacters / 2);
    EXPECT_EQ(result.delivered_jobs, std::vector<std::string>());
}

TEST_F(PluginToolTest, CancelsACallThatWasStoppedBeforeItBegan) {
    open("good", "good");
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(bench_.call("until_cancelled", Json::object(), stop.get_token()).text, "saw it");
}

TEST_F(PluginToolTest, KeepsTheResultOfAToolThatIgnoresTheCancellation) {
    open("good", "good");
    std::stop_source stop;
    agent::CallContext context({"s", ""}, "t", stop.get_token(),
                               [&](const std::string&) { stop.request_stop(); });
    const auto result =
        bench_.registry.find("deaf")->call({"t", "deaf", Json::object(), ""}, context);
    EXPECT_EQ(result.text, "done all the same");
    EXPECT_FALSE(result.is_error);
}

TEST_F(PluginToolTest, RunsTheCallsOfAToolThatIsNotConcurrentOneByOne) {
    open("good", "good");
    std::vector<std::future<std::string>> calls;
    for (int i = 0; i < 16; ++i)
        calls.push_back(std::async(std::launch::async, [&] { return bench_.call("alone").text; }));
    for (auto& call : calls)
        EXPECT_EQ(call.get(), "1");
}

TEST_F(PluginToolTest, RunsACallOfAToolThatIsNotConcurrentBesideNoOtherOfItsPlugin) {
    open("good", "good");
    // While one call runs, another is tried that is cancelled already, so that it does not wait.
    std::stop_source stop;
    stop.request_stop();
    std::vector<std::string> beside;
    const auto try_both = [&](const std::string&) {
        beside.push_back(bench_.call("greet", {{"name", "Bo"}}, stop.get_token()).text);
        beside.push_back(bench_.call("alone", Json::object(), stop.get_token()).text);
    };
    agent::CallContext concurrent({"s", ""}, "t", stop.get_token(), try_both);
    (void)bench_.registry.find("until_cancelled")
        ->call({"t", "until_cancelled", Json::object(), ""}, concurrent);
    EXPECT_THAT(beside, ElementsAre("Hello, Bo!", "[interrupted]"));
    beside.clear();
    agent::CallContext alone({"s", ""}, "t", {}, try_both);
    (void)bench_.registry.find("alone")->call({"t", "alone", Json::object(), ""}, alone);
    EXPECT_THAT(beside, ElementsAre("[interrupted]", "[interrupted]"));
}

TEST_F(PluginToolTest, RefusesACallThatWouldWaitForTheSubagentOfAnother) {
    std::vector<std::string> nested;
    bench_.services.add("test.subagent/1", [&](const ServiceRequest& request) {
        return request.call->with_subagent([&] {
            nested.push_back(bench_.call("greet", {{"name", "Bo"}}).text);
            return ServiceReply::ok(Json::object());
        });
    });
    open("good", "good");
    EXPECT_EQ(bench_.call("ask", {{"method", "test.subagent/1"}}).text, "0 {}");
    EXPECT_THAT(nested,
                ElementsAre("Error: a call of the plugin good waits for a subagent, and greet "
                            "cannot run beside it; try again when that call has ended"));
    EXPECT_EQ(bench_.call("greet", {{"name", "Bo"}}).text, "Hello, Bo!");
}

TEST_F(PluginToolTest, FailsACallWhoseLastStepFails) {
    bench_.services.add("test.step/1", [&](const ServiceRequest& request) {
        request.call->deliver("0a1b2c3d");
        request.call->at_success([] { return Result<void>(Error{"the disk is full"}); });
        return ServiceReply::ok(Json::object());
    });
    open("good", "good");
    const auto result = bench_.call("ask", {{"method", "test.step/1"}});
    EXPECT_EQ(result.text, "the disk is full");
    EXPECT_TRUE(result.is_error);
    EXPECT_THAT(result.delivered_jobs, ElementsAre());
}

TEST_F(PluginToolTest, GivesAPluginAFolderOfItsOwn) {
    open("changing", "changing");
    const std::filesystem::path folder = bench_.dir / "state/plugin-data/changing";
    EXPECT_EQ(bench_.call("remember").text, (folder / "kept").string() + " without a deadline");
    EXPECT_EQ(bench_.dir.read("state/plugin-data/changing/kept"), "kept");
    EXPECT_EQ(tenon::testing::mode_of(folder), 0700U);
}

TEST_F(PluginToolTest, StopsWaitingForAnotherCallWhenCancelled) {
    open("good", "good");
    // The first call reports progress while it runs. At that moment a second call is made, which is
    // already cancelled.
    std::string second;
    std::stop_source stop;
    stop.request_stop();
    agent::CallContext context({"s", ""}, "t", {}, [&](const std::string&) {
        second = bench_.call("alone", Json::object(), stop.get_token()).text;
    });
    EXPECT_EQ(bench_.registry.find("alone")->call({"t", "alone", Json::object(), ""}, context).text,
              "1");
    EXPECT_EQ(second, "[interrupted]");
}

TEST_F(PluginToolTest, PassesTheCallOfARequestToItsHandler) {
    bench_.services.add("test.who/1", [](const ServiceRequest& request) {
        request.call->deliver("0a1b2c3d");
        return ServiceReply::ok({{"plugin", request.plugin},
                                 {"id", request.call->tool_use_id()},
                                 {"first", request.first_party}});
    });
    open("good", "good");
    const auto result = bench_.call("ask", {{"method", "test.who/1"}});
    EXPECT_EQ(result.text, R"(0 {"first":false,"id":"toolu_1","plugin":"good"})");
    EXPECT_THAT(result.delivered_jobs, ElementsAre("0a1b2c3d"));
}

TEST_F(PluginToolTest, KnowsDuringACallWhosePluginsCodeRuns) {
    std::string inside;
    bench_.services.add("test.running/1",
                        [&](const ServiceRequest&) { return ServiceReply::ok(Json::object()); });
    open("good", "good");
    agent::CallContext context({"s", ""}, "t", {},
                               [&](const std::string&) { inside = plugin::running_plugin(); });
    bench_.registry.find("deaf")->call({"t", "deaf", Json::object(), ""}, context);
    EXPECT_EQ(inside, "good");
    EXPECT_EQ(plugin::running_plugin(), nullptr);
}

}  // namespace
}  // namespace tenon::plugins
