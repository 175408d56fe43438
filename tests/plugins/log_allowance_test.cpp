#include "host/plugins/log_allowance.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::plugins {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

const LogAllowance::Time kStart = LogAllowance::Time() + std::chrono::hours(1);

class PrintedLinesTest : public ::testing::Test {
protected:
    std::vector<std::string> logged_;
    PrintedLines lines_{[this](std::string_view line) { logged_.emplace_back(line); }};
};

TEST_F(PrintedLinesTest, FindsTheSameLinesWhereverTheBytesAreCut) {
    const std::string text = "one\n\ntwo\nthree";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        SCOPED_TRACE(cut);
        logged_.clear();
        PrintedLines lines([this](std::string_view line) { logged_.emplace_back(line); });
        lines.take(text.substr(0, cut), kStart);
        lines.take(text.substr(cut), kStart);
        lines.finish(kStart);
        EXPECT_THAT(logged_, ElementsAre("printed: one", "printed: two", "printed: three"));
    }
}

TEST_F(PrintedLinesTest, CutsOffALongLineAndSaysByHowMuch) {
    const std::string line(PrintedLines::kLongestLine, 'x');
    for (int i = 0; i < 3; ++i)
        lines_.take(line, kStart);
    lines_.take("\nnext\n", kStart);
    EXPECT_THAT(logged_, ElementsAre("printed: " + line + "… (2000 more bytes)", "printed: next"));
}

TEST_F(PrintedLinesTest, ShowsTheBeginningOfALineThatIsLongerThanTheAllowance) {
    const std::size_t length = 2 * LogAllowance::kBytes;
    lines_.take(std::string(length, 'x'), kStart);
    lines_.finish(kStart);
    EXPECT_THAT(logged_,
                ElementsAre("printed: " + std::string(PrintedLines::kLongestLine, 'x') + "… (" +
                            std::to_string(length - PrintedLines::kLongestLine) + " more bytes)"));
}

TEST_F(PrintedLinesTest, LeavesOutAFloodAndSaysHowMuch) {
    const std::string line(100, 'x');
    const std::size_t fits = LogAllowance::kBytes / line.size();
    for (std::size_t i = 0; i < fits + 1000; ++i)
        lines_.take(line + "\n", kStart);
    EXPECT_EQ(logged_.size(), fits);
    lines_.take("later\n", kStart + LogAllowance::kPeriod);
    ASSERT_EQ(logged_.size(), fits + 2);
    EXPECT_EQ(logged_[fits], "printed 100000 more bytes, left out here");
    EXPECT_EQ(logged_[fits + 1], "printed: later");
}

TEST_F(PrintedLinesTest, SaysAtTheEndWhatWasLeftOut) {
    for (int i = 0; i < 200; ++i)
        lines_.take(std::string(999, 'x') + "\n", kStart);
    lines_.finish(kStart + seconds(1));
    EXPECT_EQ(logged_.back(), "printed 134865 more bytes, left out here");
}

}  // namespace
}  // namespace tenon::plugins
