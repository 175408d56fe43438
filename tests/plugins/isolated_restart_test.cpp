#include <csignal>
#include <gmock/gmock.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/plugins/isolated_bench.h"

namespace tenon::plugins {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsolatedBench;

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

}  // namespace
}  // namespace tenon::plugins
