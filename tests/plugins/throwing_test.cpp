#include <gmock/gmock.h>
#include <string>

#include <gtest/gtest.h>

#include "tests/plugins/isolated_bench.h"

/// A plugin that lets exceptions leave its functions, in the host and in a process of its own.
namespace tenon::plugins {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsolatedBench;
using ::testing::SizeIs;

class ThrowingPlugin : public ::testing::TestWithParam<bool> {
protected:
    /// Throws in the function `function`.
    void open(const std::string& function) {
        bench_.put("throwing");
        bench_.options.by_id["throwing"].isolated = GetParam();
        bench_.options.by_id["throwing"].own = {{"throws_in", function}};
        bench_.open();
    }
    Plugin& plugin() { return *bench_.registry.plugins().at(0); }

    IsolatedBench bench_;
};

TEST_P(ThrowingPlugin, InExtensionHasNoHooks) {
    open("extension");
    ASSERT_THAT(bench_.problems, IsEmpty());
    EXPECT_EQ(bench_.registry.reminders(), "");
    EXPECT_EQ(bench_.text_of("works"), "fine");
}

TEST_P(ThrowingPlugin, InAHookAddsNothing) {
    for (const std::string hook : {"begin", "remind"}) {
        SCOPED_TRACE(hook);
        bench_.registry.remove("throwing");
        std::filesystem::remove(bench_.folder() / "throwing.so");
        open(hook);
        ASSERT_THAT(bench_.problems, IsEmpty());
        bench_.registry.begin_session("s", "new");
        EXPECT_EQ(bench_.registry.reminders(), hook == "remind" ? "" : "remember");
        EXPECT_EQ(bench_.text_of("works"), "fine");
    }
}

TEST_P(ThrowingPlugin, InDestroyIsReportedAndEndsNothing) {
    open("destroy");
    ASSERT_THAT(bench_.problems, IsEmpty());
    bench_.registry.remove("throwing");
    EXPECT_THAT(bench_.logged(), Contains("throwing: an exception left its destroy function"));
    bench_.open();
    ASSERT_THAT(bench_.problems, IsEmpty());
    EXPECT_EQ(bench_.text_of("works"), "fine");
}

TEST_P(ThrowingPlugin, InReconfigureKeepsItsConfiguration) {
    open("reconfigure");
    ASSERT_THAT(bench_.problems, IsEmpty());
    const auto taken = plugin().reconfigure({{"throws_in", "reconfigure"}, {"other", "x"}});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().reason, "an exception left its reconfigure function");
    EXPECT_EQ(bench_.text_of("works"), "fine");
}

TEST_P(ThrowingPlugin, InToolsKeepsTheToolsThatItHad) {
    open("tools");
    ASSERT_THAT(bench_.problems, IsEmpty());
    const auto refreshed = bench_.registry.refresh_tools("throwing");
    ASSERT_FALSE(refreshed);
    EXPECT_THAT(refreshed.error().reason, HasSubstr("an exception left its tools function"));
    EXPECT_EQ(bench_.text_of("works"), "fine");
}

TEST_P(ThrowingPlugin, WhenItIsLoadedIsLeftOut) {
    for (const std::string function : {"create", "first tools"}) {
        SCOPED_TRACE(function);
        std::filesystem::remove(bench_.folder() / "throwing.so");
        open(function);
        EXPECT_THAT(bench_.registry.plugins(), IsEmpty());
        ASSERT_THAT(bench_.problems, SizeIs(1));
        EXPECT_THAT(bench_.problems[0].reason, HasSubstr("an exception left its "));
    }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, ThrowingPlugin, ::testing::Bool(),
                         [](const auto& is_isolated) {
                             return is_isolated.param ? "Isolated" : "InTheHost";
                         });

}  // namespace
}  // namespace tenon::plugins
