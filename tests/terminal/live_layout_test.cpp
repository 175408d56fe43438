#include "host/terminal/live_layout.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

#include "host/base/text_width.h"

namespace tenon::terminal {
namespace {

using ::testing::ElementsAre;

/// Rows with the cursor as `|`, for a prompt of two columns.
std::vector<std::string> rows(const std::string& before, const std::string& after,
                              std::size_t columns) {
    InputRows laid = lay_out_input(before, after, "> ", columns);
    std::string& row = laid.rows.at(laid.cursor_row);
    std::size_t byte = 0;
    for (std::size_t column = 0; column < laid.cursor_column && byte < row.size();) {
        const Cluster cluster = first_cluster(std::string_view(row).substr(byte));
        column += cluster.columns;
        byte += cluster.bytes;
    }
    row.insert(byte, "|");
    return laid.rows;
}

TEST(InputRows, EndAtABlank) {
    EXPECT_THAT(rows("count the words", "", 12), ElementsAre("> count the ", "  words|"));
    EXPECT_THAT(rows("a bb", "", 6), ElementsAre("> a bb", "  |"));
    EXPECT_THAT(rows("a b\nccc ddd", "", 8), ElementsAre("> a b", "  ccc ", "  ddd|"));
}

TEST(InputRows, BreakAWordThatIsLongerThanARow) {
    EXPECT_THAT(rows("abcdefgh", "", 6), ElementsAre("> abcd", "  efgh", "  |"));
    EXPECT_THAT(rows("a bcdefgh", "", 6), ElementsAre("> a ", "  bcde", "  fgh|"));
    EXPECT_THAT(rows("a b日日本", "", 6), ElementsAre("> a ", "  b日", "  日本", "  |"));
}

TEST(InputRows, TakeTheCursorAlongWithItsWord) {
    EXPECT_THAT(rows("one two", "three", 12), ElementsAre("> one ", "  two|three"));
    EXPECT_THAT(rows("one ", "twothree", 12), ElementsAre("> one ", "  |twothree"));
    EXPECT_THAT(rows("on", "e twothree", 12), ElementsAre("> on|e ", "  twothree"));
    EXPECT_THAT(rows("one twothr", "ee", 12), ElementsAre("> one ", "  twothr|ee"));
    EXPECT_THAT(rows("one twothr", " e", 12), ElementsAre("> one twothr", "  | e"));
}

/// Whatever the text, the width and the cursor: nothing is lost, and no row is too wide.
TEST(InputRows, HoldTheWholeTextAtEveryWidthAndCursor) {
    const std::string text = "an  input line with areallylongwordinit, 日本語の文 and  blanks ";
    for (std::size_t columns = 4; columns <= 40; ++columns) {
        for (std::size_t at = 0; at <= text.size(); ++at) {
            if (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;
            SCOPED_TRACE(std::to_string(columns) + " columns, cursor at " + std::to_string(at));
            const InputRows laid =
                lay_out_input(text.substr(0, at), text.substr(at), "> ", columns);
            std::string joined;
            for (const std::string& row : laid.rows) {
                EXPECT_LE(width_of(row), columns);
                joined += row.substr(2);
            }
            EXPECT_EQ(joined, text);
            ASSERT_LT(laid.cursor_row, laid.rows.size());
            EXPECT_LT(laid.cursor_column, columns);
            std::string before;
            for (std::size_t i = 0; i < laid.cursor_row; ++i)
                before += laid.rows[i].substr(2);
            EXPECT_EQ(width_of(before) + laid.cursor_column - 2, width_of(text.substr(0, at)));
        }
    }
}

TEST(LiveLayout, KeepsThePatternOfASearchAboveALineThatFillsTheScreen) {
    LiveParts parts;
    parts.tail = {"answer"};
    parts.hints = {"history: abc"};
    parts.input.rows = {"> a", "  b", "  c", "  d", "  "};
    parts.input.cursor_row = 4;
    parts.status = "idle";
    EXPECT_THAT(lay_out(parts, {20, 5}).rows,
                ElementsAre("history: abc", "  c", "  d", "  ", "idle"));
    EXPECT_THAT(lay_out(parts, {20, 2}).rows, ElementsAre("history: abc", "  "));
    EXPECT_THAT(lay_out(parts, {20, 1}).rows, ElementsAre("  "));
}

}  // namespace
}  // namespace tenon::terminal
