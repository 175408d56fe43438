#include "host/plugin/printed_lines.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace tenon::plugin {
namespace {

using Texts = std::vector<std::string>;

const PrintedLines::Time kStart{std::chrono::hours(1)};

Texts texts(const std::vector<PrintedLines::Line>& lines) {
    Texts out;
    for (const auto& line : lines)
        out.push_back(line.without({}));
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
        EXPECT_EQ(all, (Texts{"one", "tw\xC3\xB6", "three"}));
    }
}

TEST(PrintedLines, CutsALongLineAndRepairsWhatIsNotUtf8) {
    PrintedLines lines;
    const auto cut = lines.take(
        std::string(1999, 'x') + "\xC3\xA9" + std::string(100, 'y') + "\n\xFF\n", kStart);
    ASSERT_EQ(cut.size(), 2U);
    EXPECT_EQ(cut[0].text, std::string(1999, 'x'));
    EXPECT_EQ(cut[0].left_out, 102U);
    EXPECT_EQ(cut[0].without({}), std::string(1999, 'x') + " [102 more bytes left out]");
    EXPECT_EQ(cut[1].text, "\xEF\xBF\xBD");
    EXPECT_EQ(cut[1].left_out, 0U);
}

TEST(PrintedLines, RemovesSecretsAlsoWhereALineIsCut) {
    Secrets secrets;
    secrets.add("sk-0123456789");
    const std::string begin(PrintedLines::kLongestLine - 30, 'x');
    for (std::size_t shift = 0; shift <= 40; ++shift) {
        SCOPED_TRACE(shift);
        PrintedLines lines;
        const auto cut =
            lines.take(begin + std::string(shift, 'y') + "sk-0123456789 and more text\n", kStart);
        ASSERT_EQ(cut.size(), 1U);
        const std::string logged = cut[0].without(secrets);
        EXPECT_EQ(logged.find("sk-0"), std::string::npos) << logged;
        EXPECT_EQ(logged.find("more bytes left out]") != std::string::npos, cut[0].left_out > 0);
    }
}

TEST(PrintedLines, ShowsTheBeginningOfALineThatIsLongerThanTheAllowance) {
    const std::size_t length = 2 * LogAllowance::kBytes;
    PrintedLines lines;
    EXPECT_EQ(
        texts(lines.take(std::string(length, 'x') + "\n", kStart)),
        (Texts{std::string(PrintedLines::kLongestLine, 'x') + " [" +
               std::to_string(length - PrintedLines::kLongestLine) + " more bytes left out]"}));
}

TEST(PrintedLines, LimitsAFloodAndSaysHowMuchWasLeftOut) {
    // A short line counts as more than it has.
    for (const std::size_t length : {4U, 99U}) {
        SCOPED_TRACE(length);
        const std::string line(length, 'x');
        const std::size_t fits = LogAllowance::kBytes / std::max(length, LogAllowance::kLeastBytes);
        std::string flood;
        for (std::size_t i = 0; i < fits + 10; ++i)
            flood += line + "\n";
        PrintedLines lines;
        EXPECT_EQ(lines.take(flood, kStart).size(), fits);
        EXPECT_EQ(lines.next_remark(), kStart + LogAllowance::kPeriod);
        EXPECT_EQ(texts(lines.take("x\n", kStart)), Texts());
        EXPECT_EQ(
            texts(lines.take("next\n", kStart + LogAllowance::kPeriod)),
            (Texts{"[" + std::to_string(10 * length + 1) + " bytes of further lines left out]",
                   "next"}));
        EXPECT_EQ(lines.next_remark(), PrintedLines::Time::max());
    }
}

TEST(PrintedLines, SaysAtTheEndHowMuchWasLeftOut) {
    PrintedLines lines;
    for (int i = 0; i < 200; ++i)
        (void)lines.take(std::string(999, 'x') + "\n", kStart);
    (void)lines.take("left out", kStart);
    EXPECT_EQ(texts(lines.finish(kStart + std::chrono::seconds(1))),
              (Texts{"[134873 bytes of further lines left out]"}));
    EXPECT_EQ(texts(lines.finish(kStart)), Texts());
}

}  // namespace
}  // namespace tenon::plugin
