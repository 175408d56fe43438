#include "host/plugin/sudden_end.h"

#include <csignal>
#include <cstdlib>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/base/forced_end.h"
#include "host/plugin/running.h"

/// What a whole program says about plugins is tested in tests/runs/inside_test.cpp.
namespace tenon::plugin {
namespace {

const std::string kId = "some-plugin", kTool = "some_tool", kSession = "s1";

TEST(Running, NamesWhatEachThreadRunsInnermostFirst) {
    EXPECT_EQ(running_plugin(), nullptr);
    const RunningPlugin outer(kId, kTool, &kSession);
    {
        const std::string other = "other";
        const RunningPlugin inner(other, "its function create");
        FixedText text;
        add_to(text, running_code());
        EXPECT_EQ(text.view(), "the plugin other, its function create");
    }
    {
        const RunningHost host;
        EXPECT_EQ(running_plugin(), nullptr);
    }
    FixedText text;
    add_to(text, running_code());
    EXPECT_EQ(text.view(), "the plugin some-plugin, tool some_tool, session s1");
    std::thread([] { EXPECT_EQ(running_plugin(), nullptr); }).join();
}

TEST(Running, ListsWhatAllThreadsRun) {
    FixedText none;
    EXPECT_FALSE(add_all_running(none));
    const RunningPlugin here(kId, kTool, nullptr);
    std::thread([] {
        const std::string other = "other";
        const RunningPlugin there(other, "its hook begin", &kSession);
        FixedText text;
        EXPECT_TRUE(add_all_running(text));
        EXPECT_EQ(text.view(),
                  "the plugin some-plugin, tool some_tool; the plugin other, its hook begin, "
                  "session s1");
    }).join();
    FixedText text;
    EXPECT_TRUE(add_all_running(text));
    EXPECT_EQ(text.view(), "the plugin some-plugin, tool some_tool");
}

TEST(Running, NamesFiveAtMost) {
    std::vector<std::unique_ptr<RunningPlugin>> many;
    for (int i = 0; i < 600; ++i)
        many.push_back(std::make_unique<RunningPlugin>(kId, kTool, nullptr));
    FixedText text;
    EXPECT_TRUE(add_all_running(text));
    EXPECT_TRUE(text.view().ends_with("; others")) << text.view();
    while (!many.empty())
        many.pop_back();
    FixedText none;
    EXPECT_FALSE(add_all_running(none));
}

TEST(FixedText, LeavesOutWhatDoesNotFit) {
    FixedText text;
    text << "n " << std::int64_t{-9223372036854775807 - 1} << std::int64_t{0} << " ";
    EXPECT_EQ(text.view(), "n -92233720368547758080 ");
    for (int i = 0; i < 1000; ++i)
        text << "abc";
    EXPECT_EQ(text.view().size(), 1024U);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(SuddenEndDeathTest, WithoutAPluginIsTheFaultOfTenonItself) {
    EXPECT_EXIT(
        {
            explain_sudden_ends();
            std::abort();
        },
        ::testing::KilledBySignal(SIGABRT), "SIGABRT in tenon itself");
}

TEST(SuddenEndDeathTest, InARequestOfAPluginIsTheFaultOfTenonItself) {
    EXPECT_EXIT(
        {
            explain_sudden_ends();
            std::thread([] {
                const RunningPlugin plugin(kId, kTool, &kSession);
                const RunningHost host;
                std::abort();
            }).join();
        },
        ::testing::KilledBySignal(SIGABRT), "SIGABRT in tenon itself");
}
#endif

TEST(SuddenEndDeathTest, AnExpectedExitKeepsItsStatus) {
    EXPECT_EXIT(
        {
            explain_sudden_ends();
            expect_exit();
            std::exit(7);
        },
        ::testing::ExitedWithCode(7), "");
}

TEST(SuddenEndDeathTest, AnExitThatNobodyExpectsHasStatusOne) {
    EXPECT_EXIT(
        {
            explain_sudden_ends();
            const RunningPlugin plugin(kId, kTool, &kSession);
            std::exit(0);
        },
        ::testing::ExitedWithCode(1),
        "exit\\(0\\) was called in the plugin some-plugin, tool some_tool, session s1");
}

TEST(ForcedEndDeathTest, NeedsARequestLongAfterTheFirst) {
    EXPECT_EXIT(
        {
            stop_requested(SIGINT);
            stop_requested(SIGINT);
            ::_exit(stop_is_overdue() ? 1 : 9);
        },
        ::testing::ExitedWithCode(9), "");
}

}  // namespace
}  // namespace tenon::plugin
