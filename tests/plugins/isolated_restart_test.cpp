#include <atomic>
#include <csignal>
#include <gmock/gmock.h>
#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/plugins/door.h"
#include "tests/plugins/isolated_bench.h"

namespace tenon::plugins {
namespace {

using ::testing::AllOf;
using testing::Door;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsolatedBench;
using ::testing::SizeIs;

TEST(Isolated, CallsThatRunWhenThePluginCrashesGetTheSameError) {
    IsolatedBench bench("misbehaving");
    std::string waited;
    std::thread other([&] { waited = bench.text_of("wait"); });
    bench.await_progress("waits");
    EXPECT_THAT(bench.text_of("crash"), HasSubstr("crashed (SIGSEGV) during a call of crash"));
    other.join();
    EXPECT_THAT(waited, HasSubstr("misbehaving crashed (SIGSEGV) during a call of wait"));
    // The end of one process is one fault.
    EXPECT_FALSE(bench.registry.plugins()[0]->disabled());
    EXPECT_EQ(bench.text_of("echo"), "{}");
}

TEST(Isolated, ThreeFaultsInAMinuteDisableThePlugin) {
    IsolatedBench bench("misbehaving");
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(bench.registry.plugins()[0]->disabled());
        EXPECT_THAT(bench.text_of("crash"), HasSubstr("crashed"));
    }
    EXPECT_TRUE(bench.registry.plugins()[0]->disabled());
    EXPECT_THAT(bench.text_of("echo"), AllOf(HasSubstr("disabled"), HasSubstr("/reload")));
    EXPECT_EQ(bench.times_loaded(), 3U);
    EXPECT_THAT(bench.logged().back(), HasSubstr("disabled after 3 faults"));
}

TEST(Isolated, AProcessThatIsKilledBetweenCallsIsStartedAgain) {
    IsolatedBench bench("misbehaving");
    const pid_t first = std::stoi(bench.text_of("pid"));
    ::kill(first, SIGKILL);
    while (::kill(first, 0) == 0)
        std::this_thread::yield();
    const pid_t second = std::stoi(bench.text_of("pid"));
    EXPECT_NE(second, first);
    EXPECT_THAT(bench.logged(), ElementsAre(HasSubstr("was killed")));
}

TEST(Isolated, AFreshProcessBeginsTheSessionAgain) {
    IsolatedBench bench("with_hooks");
    ASSERT_THAT(bench.problems, IsEmpty());
    bench.registry.begin_session("s1", "new");
    EXPECT_EQ(bench.text_of("begun"), R"({"reason":"new","session":"s1"})");
    EXPECT_EQ(bench.registry.reminders(), R"({"reason":"new","session":"s1"})");
    bench.text_of("crash");
    EXPECT_EQ(bench.registry.reminders(), R"({"reason":"restarted","session":"s1"})");
    bench.registry.begin_session("s1", "cleared");
    EXPECT_EQ(bench.text_of("begun"), R"({"reason":"cleared","session":"s1"})");
}

/// How the plugin "restarts" is configured.
std::map<std::string, std::string> greeting(const std::string& text) {
    return {{"greeting", text}};
}

TEST(Isolated, AFreshProcessKnowsToolsSessionAndTheLastConfiguration) {
    std::atomic<int> changes{0};
    IsolatedBench bench;
    bench.services.add("tools.changed/1", [&](const ServiceRequest&) {
        ++changes;
        return ServiceReply::ok(Json::object());
    });
    bench.put("restarts");
    bench.options.by_id["restarts"].own = greeting("first");
    bench.open();
    ASSERT_THAT(bench.problems, IsEmpty());
    bench.registry.begin_session("s1", "new");
    EXPECT_EQ(bench.text_of("state"), "first, s1 new");
    const auto tools = bench.registry.plugins()[0]->declarations();
    EXPECT_TRUE(bench.registry.plugins()[0]->reconfigure(greeting("second")).value());
    EXPECT_EQ(bench.text_of("state"), "second, s1 new");
    EXPECT_THAT(bench.text_of("crash"), HasSubstr("crashed (SIGSEGV)"));
    EXPECT_EQ(bench.text_of("state"), "second, s1 restarted");
    EXPECT_EQ(bench.registry.plugins()[0]->declarations(), tools);
    EXPECT_EQ(changes, 0) << "the tools are the same";
    EXPECT_THAT(bench.logged(), ElementsAre("restarts: crashed (SIGSEGV)"));
}

TEST(Isolated, AConfigurationThatComesWhileNoProcessRunsIsThatOfTheNextOne) {
    IsolatedBench bench("restarts");
    bench.registry.begin_session("s1", "new");
    bench.text_of("crash");
    EXPECT_TRUE(bench.registry.plugins()[0]->reconfigure(greeting("later")).value());
    EXPECT_EQ(bench.text_of("state"), "later, s1 restarted");
}

TEST(Isolated, AConfigurationThatThePluginBreaksOnIsNotThatOfTheNextProcess) {
    IsolatedBench bench("restarts");
    EXPECT_TRUE(bench.registry.plugins()[0]->reconfigure(greeting("fine")).value());
    const auto taken = bench.registry.plugins()[0]->reconfigure(greeting("crash"));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().reason, "it crashed (SIGSEGV)");
    EXPECT_EQ(bench.text_of("state"), "fine, not begun");
}

TEST(Isolated, TheCallThatHangsIsBlamedAndNotTheOneBesideIt) {
    Door door;
    IsolatedBench bench;
    door.add_to(bench.services);
    bench.put("misbehaving");
    bench.options.by_id["misbehaving"].call_timeout = std::chrono::milliseconds(300);
    bench.open();
    // The time of this call does not count: it has an open request.
    std::string beside;
    std::thread other([&] { beside = bench.text_of("wait_request"); });
    while (door.waiting == 0)
        std::this_thread::yield();
    EXPECT_EQ(bench.text_of("hang"),
              "Error: the plugin misbehaving did not return within 300 ms during a call of hang");
    other.join();
    EXPECT_EQ(beside,
              "Error: the plugin misbehaving was ended, since its call of hang did not return "
              "within 300 ms during a call of wait_request");
    EXPECT_THAT(bench.logged(), SizeIs(1)) << "it is one fault";
    EXPECT_EQ(bench.text_of("echo"), "{}");
}

}  // namespace
}  // namespace tenon::plugins
