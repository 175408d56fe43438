#include "host/plugin/printed_lines.h"

#include <gtest/gtest.h>

namespace tenon::plugin {
namespace {

using Texts = std::vector<std::string>;

const PrintedLines::Time kStart{std::chrono::hours(1)};

Texts texts(const std::vector<PrintedLines::Line>& lines) {
    Texts out;
    for (const auto& line : lines)
        out.push_back(line.text);
    return out;
}

TEST(PrintedLines, FindsTheSameLinesWhereverTheBytesAreCut) {
    const std::string printed = "one\n\ntw\xC3\xB6\nthree";
    for (std::size_t cut = 0; cut <= printed.size(); ++cut) {
        SCOPED_TRACE(cut);
        PrintedLines lines;
        Texts all = texts(lines.take(printed.substr(0, cut), kStart));
        for (const auto& part :
             {texts(lines.take(printed.substr(cut), kStart)), texts(lines.finish(kStart))})
            all.insert(all.end(), part.begin(), part.end());
        EXPECT_EQ(all, (Texts{"one", "", "tw\xC3\xB6", "three"}));
    }
}

TEST(PrintedLines, CutsALongLineAndRepairsWhatIsNotUtf8) {
    PrintedLines lines;
    const auto cut = lines.take(
        std::string(1999, 'x') + "\xC3\xA9" + std::string(100, 'y') + "\n\xFF\n", kStart);
    ASSERT_EQ(cut.size(), 2U);
    EXPECT_EQ(cut[0].text, std::string(1999, 'x') + " [102 more bytes left out]");
    EXPECT_TRUE(cut[0].is_cut);
    EXPECT_EQ(cut[1].text, "\xEF\xBF\xBD");
    EXPECT_FALSE(cut[1].is_cut);
}

TEST(PrintedLines, LimitsAFloodAndSaysHowMuchWasLeftOut) {
    PrintedLines lines;
    std::string flood;
    for (std::size_t i = 0; i < PrintedLines::kMostLines + 10; ++i)
        flood += "1234\n";
    EXPECT_EQ(lines.take(flood, kStart).size(), PrintedLines::kMostLines);
    EXPECT_EQ(lines.next_remark(), kStart + PrintedLines::kPeriod);
    EXPECT_EQ(texts(lines.take("", kStart)), Texts());
    EXPECT_EQ(texts(lines.take("next\n", kStart + PrintedLines::kPeriod)),
              (Texts{"[50 bytes of further lines left out]", "next"}));
    EXPECT_EQ(lines.next_remark(), PrintedLines::Time::max());
}

TEST(PrintedLines, SaysAtTheEndHowMuchWasLeftOut) {
    PrintedLines lines;
    (void)lines.take(std::string(PrintedLines::kMostLines, '\n') + "left out", kStart);
    EXPECT_EQ(texts(lines.finish(kStart)), (Texts{"[9 bytes of further lines left out]"}));
    EXPECT_EQ(texts(lines.finish(kStart)), Texts());
}

}  // namespace
}  // namespace tenon::plugin
